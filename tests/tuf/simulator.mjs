// SPDX-License-Identifier: Apache-2.0
// Serves a repository over HTTP on a free port of 127.0.0.1: /metadata/… and /targets/…, with a log of what was asked
// for and, path by path, whatever fault a case wishes. Each case has its own.
import http from 'node:http';

export class Simulator {
    constructor(repo) {
        this.repo = repo;
        this.log = [];
        this.connections = 0;
        this.faults = new Map();
        this.timers = new Set();
        this.server = http.createServer((request, response) => this.#serve(request, response));
        this.server.on('connection', () => this.connections++);
        this.server.keepAliveTimeout = 60000;
    }

    async start() {
        await new Promise((resolve, reject) => {
            this.server.once('error', reject);
            this.server.listen(0, '127.0.0.1', resolve);
        });
        this.port = this.server.address().port;
        this.url = `http://127.0.0.1:${this.port}/`;
        this.metadataUrl = `${this.url}metadata/`;
        this.targetsUrl = `${this.url}targets/`;
        return this;
    }

    async stop() {
        this.timers.forEach(clearInterval);
        if (this.server.listening) {
            const closed = new Promise((resolve) => this.server.close(resolve));
            this.server.closeAllConnections();
            await closed;
        }
    }

    // Metadata by their file names (`2.root.json`), targets by their paths (`targets/…`), in the order of requests;
    // forgets them, so that the next call tells what came since.
    takeRequests() {
        return this.log.splice(0).map(({ path }) => path.replace(/^metadata\//, ''));
    }

    // Answers requests for a path (`metadata/timestamp.json`) by fault(response, body, request) from now on; body is
    // what would have been served, or null.
    fault(path, fault) {
        this.faults.set(path, fault);
    }

    status(path, status) {
        this.fault(path, (response) => {
            response.writeHead(status, { 'Content-Length': '0' });
            response.end();
        });
    }

    mend(path) {
        this.faults.delete(path);
    }

    // Calls step every so many milliseconds until it returns false or the response is over.
    every(milliseconds, response, step) {
        const timer = setInterval(() => {
            if (response.destroyed || response.writableEnded || step() === false) {
                clearInterval(timer);
                this.timers.delete(timer);
            }
        }, milliseconds);
        this.timers.add(timer);
        response.on('close', () => clearInterval(timer));
    }

    // Sends chunk over and over, as fast as it is taken, until the client hangs up or `most` bytes went out; flooded
    // counts them.
    flood(response, chunk, most = 256 * 1024 * 1024) {
        this.flooded = 0;
        const more = () => {
            while (!response.destroyed && this.flooded < most) {
                this.flooded += chunk.length;
                if (!response.write(chunk)) {
                    response.once('drain', more);
                    return;
                }
            }
            response.end();
        };
        response.on('error', () => {});
        more();
    }

    #serve(request, response) {
        const path = request.url.slice(1);
        this.log.push({ path, method: request.method, headers: request.headers });
        const body = this.#find(path);
        const fault = this.faults.get(path) ?? this.faults.get('*');
        if (fault) {
            fault(response, body, request);
        } else if (body === null) {
            response.writeHead(404, { 'Content-Length': '0' });
            response.end();
        } else {
            response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
            response.end(body);
        }
    }

    // Metadata are found under the very bytes of the URL, so that their encoding is judged too (an encoded dot is a dot);
    // targets by what it means.
    #find(path) {
        if (path.startsWith('metadata/')) {
            return this.repo.files.get(path.replace(/%2E/g, '.')) ?? null;
        }
        try {
            return this.repo.files.get(decodeURIComponent(path)) ?? null;
        } catch {
            return null;
        }
    }
}
