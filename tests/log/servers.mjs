// SPDX-License-Identifier: Apache-2.0
// Servers of 127.0.0.1 for tests/audit.bats: node servers.mjs PORTS-FILE SITE-DIR OUT-DIR. A static web server of SITE-DIR, a
// mail server that writes each mail to OUT-DIR/mail-N, and a receiver of POSTs that writes bodies to OUT-DIR/hook-N. Answers
// 503 to POSTs, and 451 to mail, while OUT-DIR/broken is there. With cert.pem and key.pem beside it, a mail server of TLS, too,
// and the first one offers STARTTLS while OUT-DIR/starttls is there. OUT-DIR/login has the user and password that mail wants
// then, separated by a blank; OUT-DIR/said gets what clients say. Ends with its standard input.
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';

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

const has = (name) => fs.existsSync(path.join(out, name));
const read = (name) => fs.readFileSync(path.join(out, name), 'utf8').trim();
const certificate = fs.existsSync('cert.pem') ? { cert: fs.readFileSync('cert.pem'), key: fs.readFileSync('key.pem') } : null;

// A connection's session; a client that says STARTTLS begins a new one.
function talk(socket, isSecret, greets) {
    let text = '';
    let inData = false;
    let isAsked = false;
    let isKnown = false;
    let message = '';
    const say = (line) => socket.write(`${line}\r\n`);
    const login = (line) => {
        const [, user, password] = Buffer.from(line, 'base64').toString().split('\0');
        isAsked = false;
        isKnown = has('login') && `${user} ${password}` === read('login');
        say(isKnown ? '235 welcome' : '535 no');
    };
    const obey = (line) => {
        fs.appendFileSync(path.join(out, 'said'), `${isSecret ? 'tls' : 'plain'} ${line}\n`);
        if (isAsked) {
            login(line);
        } else if (/^(EHLO|HELO)/i.test(line)) {
            const offers = ['mail.test', ...(!isSecret && has('starttls') ? ['STARTTLS'] : []), ...(has('login') ? ['AUTH PLAIN'] : [])];
            offers.forEach((offer, i) => say(`250${i < offers.length - 1 ? '-' : ' '}${offer}`));
        } else if (/^STARTTLS/i.test(line) && !isSecret && has('starttls')) {
            say('220 go on');
            socket.removeAllListeners('data');
            talk(new tls.TLSSocket(socket, { isServer: true, secureContext: tls.createSecureContext(certificate) }), true, false);
        } else if (/^AUTH PLAIN$/i.test(line)) {
            isAsked = true;
            say('334 ');
        } else if (/^(RSET|NOOP)/i.test(line)) {
            say('250 mail.test');
        } else if (/^(MAIL|RCPT)/i.test(line)) {
            message += `${line}\n`;
            say(broken() ? '451 later' : has('login') && !isKnown ? '530 who are you' : '250 fine');
        } else if (/^DATA/i.test(line)) {
            inData = true;
            say('354 go on');
        } else if (/^QUIT/i.test(line)) {
            say('221 bye');
            socket.end();
        } else {
            say('502 what');
        }
    };
    if (greets) say('220 mail.test ESMTP');
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
            } else {
                obey(line);
            }
        }
    });
}

const mail = net.createServer((socket) => talk(socket, false, true));
const mailsByTls = certificate && tls.createServer(certificate, (socket) => talk(socket, true, true));

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
const ports = [await listen(web), await listen(mail), await listen(hook)];
if (mailsByTls) ports.push(await listen(mailsByTls));
fs.writeFileSync(`${portsFile}.new`, `${ports.join(' ')}\n`);
fs.renameSync(`${portsFile}.new`, portsFile);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
