# SPDX-License-Identifier: Apache-2.0
"""OpenStack Swift with its S3 interface, all of its servers in one process, for tests.

    /usr/bin/python3 tests/s3/serve-swift.py DIRECTORY [BUCKET...]

Keeps everything below DIRECTORY, which must be on a file system with extended attributes, listens
on a free port of 127.0.0.1, makes the buckets ("public:NAME": anybody may read it, below
/v1/AUTH_test/NAME), and prints the endpoint as its first line. It checks signatures: the
access key is "test:depot", the secret key "s3-secret". It ends with SIGTERM, or when its standard
input ends.
"""
import os
import sys

import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

import logging  # noqa: E402
import logging.handlers  # noqa: E402

from eventlet import wsgi  # noqa: E402
from swift.common import swob  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.common import storage_policy  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.wsgi import loadapp, SwiftHttpProtocol  # noqa: E402

PROXY = """
[DEFAULT]
swift_dir = {dir}
log_level = ERROR
workers = 0
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
node_timeout = 30
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_depot = s3-secret .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""

SERVER = """
[DEFAULT]
devices = {dir}/devices
swift_dir = {dir}
mount_check = false
log_level = ERROR
fallocate_reserve = 0
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
disable_fallocate = true
"""


class Cache:
    """What memcached is to Swift, within the process."""

    def __init__(self):
        self.values = {}

    def get(self, key, *args, **kwargs):
        return self.values.get(key)

    def set(self, key, value, *args, **kwargs):
        self.values[key] = value

    def incr(self, key, delta=1, *args, **kwargs):
        self.values[key] = self.values.get(key, 0) + delta
        return self.values[key]

    def decr(self, key, delta=1, *args, **kwargs):
        return self.incr(key, -delta)

    def delete(self, key, *args, **kwargs):
        self.values.pop(key, None)


def with_cache(app):
    cache = Cache()

    def call(environ, start_response):
        environ["swift.cache"] = cache
        return app(environ, start_response)
    return call


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def make_ring(directory, name, port):
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1",
                     "weight": 1.0, "replication_ip": "127.0.0.1", "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(os.path.join(directory, name + ".ring.gz"))


def serve(sock, app):
    logger = utils.NullLogger()
    wsgi.server(sock, app, logger, protocol=SwiftHttpProtocol, log_output=False, debug=False)


def make_bucket(proxy, text):
    name = text.split(":")[-1]
    headers = {"X-Container-Read": ".r:*"} if text.startswith("public:") else {}
    request = swob.Request.blank("/v1/AUTH_test/" + name, headers=headers, environ={
        "REQUEST_METHOD": "PUT", "swift.authorize_override": True, "swift_owner": True})
    status = request.get_response(proxy).status_int
    if status not in (201, 202):
        sys.exit("a bucket can't be made: %d" % status)


def main():
    directory = os.path.abspath(sys.argv[1])
    os.makedirs(os.path.join(directory, "devices", "d1"))
    # What /etc/swift/swift.conf would say.
    utils.HASH_PATH_PREFIX = b"slipway"
    utils.HASH_PATH_SUFFIX = b"test"
    utils.validate_hash_conf = lambda: None
    storage_policy._POLICIES = storage_policy.StoragePolicyCollection(
        [storage_policy.StoragePolicy(0, "policy", is_default=True)])
    logging.raiseExceptions = False
    sockets = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in
               ("account", "container", "object", "proxy")}
    for kind in ("account", "container", "object"):
        make_ring(directory, kind, sockets[kind].getsockname()[1])
    for kind in ("account", "container", "object"):
        path = write(os.path.join(directory, kind + ".conf"),
                     SERVER.format(dir=directory, kind=kind))
        eventlet.spawn(serve, sockets[kind], loadapp(path, allow_modify_pipeline=False))
    path = write(os.path.join(directory, "proxy.conf"), PROXY.format(dir=directory))
    proxy = with_cache(loadapp(path))
    eventlet.spawn(serve, sockets["proxy"], proxy)
    for bucket in sys.argv[2:]:
        make_bucket(proxy, bucket)
    print("http://127.0.0.1:%d" % sockets["proxy"].getsockname()[1], flush=True)
    # Whoever started it has gone when this ends.
    eventlet.tpool.execute(sys.stdin.read)


if __name__ == "__main__":
    main()
