// An HTTP server that limits each address and says so in the RateLimit header fields.
// usage: node http_headers.js [PORT]
'use strict';
const http = require('http');
const net = require('net');

// The smallest client: commands as RESP arrays, replies of integers, strings and arrays.
const skua = net.connect(Number(process.env.SKUA_PORT || 6379), '127.0.0.1');
const waiting = [];
let unread = '';

function readReply(text, at) { // [value, where the next one begins], or null: more is to come
    const end = text.indexOf('\r\n', at);
    if (end < 0) return null;
    const line = text.slice(at + 1, end), next = end + 2;
    switch (text[at]) {
    case ':': return [Number(line), next];
    case '+': return [line, next];
    case '-': return [new Error(line), next];
    case '$':
        if (line === '-1') return [null, next];
        if (text.length < next + Number(line) + 2) return null;
        return [text.slice(next, next + Number(line)), next + Number(line) + 2];
    default: // '*'
        for (let values = [], from = next;;) {
            if (values.length === Number(line)) return [values, from];
            const element = readReply(text, from);
            if (element === null) return null;
            values.push(element[0]);
            from = element[1];
        }
    }
}

skua.setEncoding('latin1');
skua.on('data', (text) => {
    unread += text;
    for (let reply; (reply = readReply(unread, 0)) !== null;) {
        unread = unread.slice(reply[1]);
        const {resolve, reject} = waiting.shift();
        if (reply[0] instanceof Error) reject(reply[0]); else resolve(reply[0]);
    }
});

function ask(...words) {
    const lines = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
    skua.write(`*${words.length}\r\n${lines.join('')}`);
    return new Promise((resolve, reject) => waiting.push({resolve, reject}));
}

const names = ['RateLimit-Policy', 'RateLimit', 'Retry-After'];
const server = http.createServer(async (request, response) => {
    const address = request.socket.remoteAddress;
    const reply = await ask('RL.TAKE', `ip:${address}`, 'USE', 'api', 'HEADERS');
    const isAllowed = reply[0] === 1;
    names.forEach((name, i) => {
        if (reply[8 + i] !== null) response.setHeader(name, reply[8 + i]);
    });
    response.writeHead(isAllowed ? 200 : 429);
    response.end(isAllowed ? 'hello\n' : 'too many requests\n');
});

ask('RL.POLICY', 'SET', 'api', 'BUCKET', 5, 1, 1000).then(() => { // 5 at once, 1 a second
    server.listen(Number(process.argv[2] || 8080), '127.0.0.1',
        () => console.log(`http://127.0.0.1:${server.address().port}/`));
});
