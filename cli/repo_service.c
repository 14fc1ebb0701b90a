/* SPDX-License-Identifier: Apache-2.0 */
/* A repository's keys in the signing service (repo_service.h). */
#include "repo_service.h"

#include "command.h"

#include "slipway/time_text.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_S 10
#define WAIT_MAX_S 86400

static char *join(const char *directory, const char *path)
{
    struct slw_heap_buffer text = {0};
    if (path[0] != '/') {
        slw_heap_printf(&text, "%s/", directory);
    }
    slw_heap_append_text(&text, path);
    char *joined = text.status == SLW_OK ? strdup(slw_heap_text(&text)) : NULL;
    slw_heap_free(&text);
    return joined;
}

enum cli_exit cli_repo_service_take_key(struct cli_repo_service *service, const char *role,
                                        const char *value, const char *directory)
{
    struct cli *cli = service->cli;
    size_t name_len = strcspn(value, " \t");
    const char *file = value + name_len + strspn(value + name_len, " \t");
    size_t at = service->keys_count;
    if (name_len == 0 || file[0] == '\0') {
        return cli_error(cli, "%s = " CLI_REPO_SERVICE_PREFIX "%s: wants NAME PUBLIC-KEY-FILE",
                         role, value);
    }
    if (at == CLI_REPO_SERVICE_KEYS_MAX) {
        return cli_error(cli, "more than %u keys in the signing service",
                         CLI_REPO_SERVICE_KEYS_MAX);
    }
    char *path = join(directory, file);
    enum cli_exit code = path == NULL ? cli_error(cli, "out of memory")
                                      : cli_public_key_load(cli, path, &service->values[at]);
    free(path);
    if (code != CLI_DONE) {
        return code;
    }
    service->keys_count++;
    service->roles[at] = strdup(role);
    service->names[at] = strndup(value, name_len);
    service->keys[at] =
        (struct slw_signer_tuf_key){service->roles[at], service->names[at], &service->values[at]};
    return service->roles[at] == NULL || service->names[at] == NULL
               ? cli_error(cli, "out of memory")
               : CLI_DONE;
}

static bool may_sign(const struct cli_arguments *arguments)
{
    const struct cli_option *option = arguments->command->options;
    while (option != NULL && option->name != NULL && strcmp(option->name, "--signer") != 0) {
        option++;
    }
    return option != NULL && option->name != NULL;
}

static enum cli_exit open_requester(struct cli_repo_service *service)
{
    const struct cli_arguments *arguments = &service->signer.filled.arguments;
    const char *path = cli_value(arguments, "--requester-key");
    if (path == NULL) {
        return cli_usage(service->cli,
                         "--requester-key is missing, and sign.conf doesn't say it either");
    }
    return cli_private_key_open(service->cli, path, cli_value(arguments, "--passphrase-file"),
                                &service->requester);
}

static enum cli_exit read_wait(struct cli_repo_service *service, uint32_t *ret_wait_s)
{
    const char *text = cli_value(&service->signer.filled.arguments, "--timeout");
    int64_t seconds = WAIT_S;
    if (text != NULL && (slw_duration_parse(text, &seconds) != SLW_OK || seconds > WAIT_MAX_S)) {
        return cli_usage(service->cli, "--timeout %s: not a duration of up to a day", text);
    }
    *ret_wait_s = (uint32_t)seconds;
    return CLI_DONE;
}

static enum cli_exit make_provider(struct cli_repo_service *service, const char *directory,
                                   const struct slw_storage *storage,
                                   const struct slw_tuf_key_provider *others)
{
    struct cli *cli = service->cli;
    uint32_t wait_s = WAIT_S;
    enum cli_exit code = read_wait(service, &wait_s);
    if (code != CLI_DONE) {
        return code;
    }
    service->directory = join(directory, CLI_REPO_REQUESTS_DIRECTORY);
    if (service->directory == NULL) {
        return cli_error(cli, "out of memory");
    }
    service->settings = (struct slw_signer_tuf_settings){
        .client = service->signer.client,
        .signer = service->signer.transparency.log.name,
        .requester = service->requester,
        .keys = service->keys,
        .keys_count = service->keys_count,
        .directory = service->directory,
        .storage = storage,
        .wait_s = wait_s,
        .others = others,
    };
    enum slw_status status =
        slw_signer_tuf_provider_new(&service->settings, &service->provider, &cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_repo_service_open(struct cli_repo_service *service,
                                    const struct cli_arguments *arguments, const char *directory,
                                    const struct slw_storage *storage,
                                    const struct slw_tuf_key_provider *others)
{
    if (service->keys_count == 0 || !may_sign(arguments)) {
        return CLI_DONE;
    }
    enum cli_exit code = cli_signer_open(service->cli, arguments, true, &service->signer);
    if (code == CLI_DONE) {
        service->is_open = true;
        code = open_requester(service);
    }
    return code == CLI_DONE ? make_provider(service, directory, storage, others) : code;
}

void cli_repo_service_close(struct cli_repo_service *service)
{
    slw_signer_tuf_provider_free(&service->provider);
    slw_private_key_free(service->requester);
    if (service->is_open) {
        cli_signer_close(&service->signer);
    }
    free(service->directory);
    for (size_t i = 0; i < service->keys_count; i++) {
        free(service->roles[i]);
        free(service->names[i]);
    }
    *service = (struct cli_repo_service){.cli = service->cli};
}
