// SPDX-License-Identifier: Apache-2.0
// Keys of the simulated repository: they sign with node:crypto, and know their form in metadata and their key id.
import crypto from 'node:crypto';
import { canonicalBytes } from './canonical.mjs';

const KINDS = {
    ecdsa: { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', generate: ['ec', { namedCurve: 'P-256' }] },
    'ecdsa-sha2-nistp256': {
        keytype: 'ecdsa-sha2-nistp256',
        scheme: 'ecdsa-sha2-nistp256',
        generate: ['ec', { namedCurve: 'P-256' }],
    },
    p384: { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', generate: ['ec', { namedCurve: 'P-384' }] },
    ed25519: { keytype: 'ed25519', scheme: 'ed25519', generate: ['ed25519', {}] },
    rsa: { keytype: 'rsa', scheme: 'rsassa-pss-sha256', generate: ['rsa', { modulusLength: 2048 }] },
    rsa1024: { keytype: 'rsa', scheme: 'rsassa-pss-sha256', generate: ['rsa', { modulusLength: 1024 }] },
};

export function sha256(bytes) {
    return crypto.createHash('sha256').update(bytes).digest('hex');
}

// A key's id: the SHA-256 of its canonical form, all its members included.
export function keyId(object) {
    return sha256(canonicalBytes(object));
}

function publicText(kind, publicKey) {
    if (kind === 'ed25519') {
        return Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url').toString('hex');
    }
    return publicKey.export({ type: 'spki', format: 'pem' });
}

function publicKeyOf(object) {
    const text = object.keyval.public;
    if (object.keytype === 'ed25519') {
        return crypto.createPublicKey({
            key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(text, 'hex').toString('base64url') },
            format: 'jwk',
        });
    }
    return crypto.createPublicKey(text);
}

// Whether sig (hex) is the key's signature of bytes; the key in its form in metadata, of a type that TUF defines.
export function verify(object, bytes, sig) {
    const key = publicKeyOf(object);
    const signature = Buffer.from(sig, 'hex');
    if (object.keytype === 'ed25519') {
        return crypto.verify(null, bytes, key, signature);
    }
    if (object.keytype === 'rsa') {
        const options = {
            key,
            padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
            saltLength: crypto.constants.RSA_PSS_SALTLEN_AUTO,
        };
        return crypto.verify('sha256', bytes, options, signature);
    }
    return crypto.verify('sha256', bytes, key, signature);
}

export class Key {
    constructor(kind, pair, object) {
        this.kind = kind;
        this.pair = pair;
        this.object = object;
        this.saltLength = 32;
    }

    static generate(kind) {
        const { keytype, scheme, generate } = KINDS[kind];
        const pair = crypto.generateKeyPairSync(...generate);
        return new Key(kind, pair, { keytype, scheme, keyval: { public: publicText(kind, pair.publicKey) } });
    }

    get id() {
        return keyId(this.object);
    }

    // The same secret under another form in metadata, and so another id.
    alias(members) {
        return new Key(this.kind, this.pair, { ...structuredClone(this.object), ...members });
    }

    // An RSA key that salts its signatures with so many bytes.
    salted(saltLength) {
        const key = new Key(this.kind, this.pair, this.object);
        key.saltLength = saltLength;
        return key;
    }

    sign(bytes) {
        const key = this.pair.privateKey;
        if (this.object.keytype === 'ed25519') {
            return crypto.sign(null, bytes, key).toString('hex');
        }
        if (this.object.keytype === 'rsa') {
            const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
            return crypto.sign('sha256', bytes, { key, padding, saltLength: this.saltLength }).toString('hex');
        }
        return crypto.sign('sha256', bytes, key).toString('hex');
    }
}

// Keys are made once and lent to every repository: making RSA keys takes longer than most cases.
const pools = {};

export class Keyring {
    constructor() {
        this.taken = {};
    }

    // A key of this kind that the keyring hasn't given out yet.
    take(kind) {
        const index = this.taken[kind] ?? 0;
        this.taken[kind] = index + 1;
        pools[kind] ??= [];
        pools[kind][index] ??= Key.generate(kind);
        const { pair, object } = pools[kind][index];
        return new Key(kind, pair, structuredClone(object));
    }
}
