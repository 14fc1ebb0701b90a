// SPDX-License-Identifier: Apache-2.0
// Servers of 127.0.0.1 for tests/audit.bats: node servers.mjs PORTS-FILE SITE-DIR OUT-DIR. A static web server of SITE-DIR, a
// mail server that writes each mail to OUT-DIR/mail-N, and a receiver of POSTs that writes bodies to OUT-DIR/hook-N. Answers
// 503 to POSTs, and 451 to mail, while OUT-DIR/broken is there. Ends with its standard input.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';

const [portsFile, site, out] = process.argv.slice(2);
const broken = () => fs.existsSync(path.join(out, 'broken'));
let mails = 0;
let hooks = 0;

const web = http.createServer((request, response) => {
    const file = path.join(site, path.normalize(decodeURIComponent(request.url)));
    fs.readFile(file, (error, bytes) => {
        response.writeHead(error ? 404 : 200, { 'content-length': error ? 0 : bytes.length });
        response.end(error ? undefined : bytes);
    });
});

const hook = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
        if (broken()) {
            response.writeHead(503).end();
            return;
        }
        fs.writeFileSync(path.join(out, `hook-${++hooks}`), Buffer.concat(parts));
        response.writeHead(204).end();
    });
});

const mail = net.createServer((socket) => {
    let text = '';
    let inData = false;
    let message = '';
    const say = (line) => socket.write(`${line}\r\n`);
    say('220 mail.test ESMTP');
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
        text += bytes.toString();
        for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
            const line = text.slice(0, end);
            text = text.slice(end + 2);
            if (inData && line === '.') {
                inData = false;
                fs.writeFileSync(path.join(out, `mail-${++mails}`), message);
                say('250 taken');
            } else if (inData) {
                message += `${line.startsWith('..') ? line.slice(1) : line}\n`;
            } else if (/^(EHLO|HELO|RSET|NOOP)/i.test(line)) {
                say('250 mail.test');
            } else if (/^(MAIL|RCPT)/i.test(line)) {
                message += `${line}\n`;
                say(broken() ? '451 later' : '250 fine');
            } else if (/^DATA/i.test(line)) {
                inData = true;
                say('354 go on');
            } else if (/^QUIT/i.test(line)) {
                say('221 bye');
                socket.end();
            } else {
                say('502 what');
            }
        }
    });
});

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
const ports = [await listen(web), await listen(mail), await listen(hook)];
fs.writeFileSync(`${portsFile}.new`, `${ports.join(' ')}\n`);
fs.renameSync(`${portsFile}.new`, portsFile);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
