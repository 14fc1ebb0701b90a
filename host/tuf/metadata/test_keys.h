/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and signatures for the tests of this folder, made with another implementation (Python's
 * cryptography, and OpenSSL's command for forms that it doesn't write). They protect nothing.
 */
#ifndef SLIPWAY_TEST_KEYS_H
#define SLIPWAY_TEST_KEYS_H

#define TEST_MESSAGE "slipway signs this"

#define TEST_P256_0_PRIVATE                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEgXtaVDhRV2f3XCW\n"                           \
    "nbNAD0rMmIHUsi4AhjQdI/V+X26hRANCAAQhCw6igbSNE7WyX6wVAlKrmiDmLDQy\n"                           \
    "raC9GAoGZI8YHlH5ZWXtkV/Cwi8oS/Xat2mjdyYZyXHV4/soCX8AAC/i\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define TEST_P256_1_PRIVATE                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIYCZw+SnBdj0s97L\n"                           \
    "0hzjDdgWzqs9A9QpEQ9EllknTAOhRANCAAREcQHWPsixZxBtzW3gA2HPCMKbVhY4\n"                           \
    "L5RFRheNJZK8vTWi59ZqtIUuwtGfl+/BK7w4q+ep1V7kUxwjNt2TPt0V\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define TEST_P256_2_PRIVATE                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmjyfY01p976eI9kw\n"                           \
    "7oGGoXodgPekxiKiFzhe3lFOKCShRANCAASGKSamvdASHJ+AkdI+hwuzldpItD1u\n"                           \
    "91xm2+Qqhq2CFR7IMdow9NegfpSqqplHaUmFqHqgIxQO3JI4wl/uznq2\n"                                   \
    "-----END PRIVATE KEY-----\n"

#define TEST_ED25519_0_PRIVATE                                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIJ9GzdO5QDQp6y8zx7z5wzxJSI7XL3wRDLakoba1jQ6/\n"                           \
    "-----END PRIVATE KEY-----\n"

#define TEST_ED25519_1_PRIVATE                                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEIFDwyl6UxTpMXWLH9ZPL3/9ORAWugENVkjmcgCgzb28f\n"                           \
    "-----END PRIVATE KEY-----\n"

#define TEST_P256_0_PUBLIC                                                                         \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIQsOooG0jRO1sl+sFQJSq5og5iw0\n"                           \
    "Mq2gvRgKBmSPGB5R+WVl7ZFfwsIvKEv12rdpo3cmGclx1eP7KAl/AAAv4g==\n"                               \
    "-----END PUBLIC KEY-----\n"

#define TEST_P256_0_POINT                                                                          \
    "04210b0ea281b48d13b5b25fac150252ab9a20e62c3432ada0bd180a06648f181e51f96565ed915f"             \
    "c2c22f284bf5dab769a3772619c971d5e3fb28097f00002fe2"

#define TEST_P256_0_SIGNATURE                                                                      \
    "30440220489272f97edd42e967df3ed4a4acbc325a7eb138726182a5620917ab6a0a81a0022051fe"             \
    "26fe375f8bc0baff0ac21b4f8d49d7813f9128a816d43c4c72e6c2dffad3"

#define TEST_ED25519_0_PUBLIC "a78eadf24a77ef955e84f7ce5641d6296f4c8a1574e100dd89c6236a98f0591b"

#define TEST_ED25519_0_SIGNATURE                                                                   \
    "9db1dbddf1c74242e74fcf620fceffc4b6c69b42684989bc6f79ce637e85de9ecbbf84d0f3800528"             \
    "ef865ea87ad2e8bd5e234c350802393ef70c0eb0f4e3e60f"

#define TEST_RSA_PUBLIC                                                                            \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA14P9Oam/vEPeC3rm3/iy\n"                           \
    "a1mfF1o6BAGoP7YXfYT/3UvS0Jnoq7usqNFY5A+tMNpTQPRxwNM5wOYJ4GyE6Rzb\n"                           \
    "/jRYiyqA3mzIx316wa8B8ql67Q2/Ha8uLRvRkTy9rZE6EQvMEMBWiZrL0Njnwy18\n"                           \
    "3mLpbGMMCII0pPbSbykKJmeCpR6eCAbUnvt39LLB/EZz7u9ITbS38sMuLAKmdceq\n"                           \
    "HjVYU8gE/LL3UGj2gKjXYXB3OQD9H3fKyB6S2nMPe/OB5o4AGn2jADCY/KkMxk/9\n"                           \
    "H2W1EC0lBzBjHoTp5TnxoYf+btksPZAdBCgAwUXFn7XcY/qplDzAi7PpscwP7wQN\n"                           \
    "lQIDAQAB\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_SIGNATURE_SALT_0                                                                  \
    "7f1a25e0c4b09b307a8b8ed0d310f1208724bed561f5070f6ac768b52b1a0894155f4aa92273d029"             \
    "65ce47f01f3486a062e1225f65befaba26873f6b3c7e9e8a93f0159f7546dd584aaba80ac44a3340"             \
    "45116264b55813068ace0245c0929445a5914ab416df283fb85559f56737255adf0d51d6b5eb602c"             \
    "5d75cf881dbe6cae0981d4bd5ebcfe5c214294b66c8cc3b332a1b4fafdd0de1e86ffdc6d698cd0ca"             \
    "5cd95b18d00d7ef3e010669136852362338132c24271b2e94a6a2866470d642d2c3d9fc30116fe83"             \
    "021a345b8ec8b0bf3a323d2c97cb5bbf3f706b60e6f96b3cf6d89c5e4c0647bb719dc88baa9c16b9"             \
    "eca8e35b5eb93260983bfa2ffa3086ce"

#define TEST_RSA_SIGNATURE_SALT_32                                                                 \
    "c357dc4a1bdb0d17613e4be1e878c7f1e9f3bf9d26a3882eba249991aefd32f18b88db24f246a28b"             \
    "f3ed9a3992f39abdddda1c2eab897f359a8d01b70b7c558b7c25a8fa49bf3f2224047d609e5ccebf"             \
    "b94b80d11ed8fe692997e5f31bd16c151084001fb9e5ad4ce729a02e8dd9f4e68cb1417716a2a51e"             \
    "c964eba9a07c8028d7b008c351a4f578966251e6d1f91fed8eefdeae488b64363ed666709a257963"             \
    "a9e8b0b5e446ba1c4d37dc6f963d82825dda150af308f96e36bcd4cf3677e72cec85af93ae4a2d30"             \
    "84a032ef5816a520c37f20737ce97684be08dbf90cb0139f27aecf8352f1c39dae9d1ce67f41a529"             \
    "9d16f605f110f8d6398fd895ef5042ab"

#define TEST_RSA_SIGNATURE_SALT_222                                                                \
    "d102b2b0968d17fd8b24a9c3e7cd4121f44a537cb8be31fb02b12e1a75c4b3090c405ca801b1f27f"             \
    "78d43df76d94e6e782158a8052170601d478fb28877b19befaecd0b28e680153ddb9e1af242af00b"             \
    "7dc061745efcb59a2c3f1ad32ad00a815838afe8a518688eb3bdc44242a430a1a922621b625d03ba"             \
    "ee33d6cc8ccc2b46df08b941665d8a8a4391393bcdf39f28452f2006390dde35ecd26a59e826d452"             \
    "3506445d29e5db49e7aef44b84f25c5ce51df44ddc6ea8f560bbf9a3c693d503abe02060bdc69527"             \
    "f14de094cc857951b5b52b35ba64a02db77eae528a11fafdc79a05d94f7885d1f13cde8b366e433b"             \
    "1275aad59cf39fffb658da8f9e63cfd3"

#define TEST_RSA_SIGNATURE_SHA1_MGF                                                                \
    "801786f61ea5b065801bf5b6bdce3853a5386d0f40918c1d45cda30e7cf0b7ed900d37e874cf5f51"             \
    "d31441685d9ff9eb2e7fffad0c3ee25ca87e64ceebd5dfd3ca30dfda716e56016de5efca7a8787ad"             \
    "7307f8285cc0ebe2fbe10cd24980fe57c00dfae716ce99d01ff3c4441daa4c020a186b671f0f65f6"             \
    "f07fe7f6f072ecba9496ddfb84511ee3881a6bf54d0cb95805614cecdf2aff05098829921f8a6eaa"             \
    "19a11e34dc8ff9b80696179e38e5050964ff4a7f058ab739313ff8ac4a2d314e3696455ab8009a9e"             \
    "bcc3b0bf4ffdc68f7ade3c6c8250259004136e88066ca771fb1ce43d8e99deeb43a70f6bfd530564"             \
    "26f945ac68af55e7ec3645104d65b71f"

#define TEST_RSA_SIGNATURE_PKCS1                                                                   \
    "3c7002047b0ed823048df7ca05e0c11d0e9732b3dec9b1cfd885159412c4d090d29f49c6065bfe10"             \
    "9b6a2ba0127a37ce86920acef6ea45b6cd80213c31e2bc77ffe3cc3d2d3ea92ec6eb2c9115dd8ce0"             \
    "e95b9ec53df36a30b04e5f26fd3e59a568e39bd2456c6df30b70cc8161e91abb03d42232a064d8de"             \
    "3c85fd474882bd3ac079f73eac9763058fbae590f5a98b6b33a0bf7c639415f938b5e8224aa245f8"             \
    "9cad65e1b132a5acb58d418f317229cc11a753fa3a29242c04effd657b94a06146267c8ebdd242d0"             \
    "5edeb00cec207d21250cd02cc32b41cf7aa2e71ac468c8040c7caf0a706c5c6aff136815a80f0170"             \
    "87ef2c9d94f15749fdac927465acf0ce"

#define TEST_RSA_PKCS1_PUBLIC                                                                      \
    "-----BEGIN RSA PUBLIC KEY-----\n"                                                             \
    "MIIBCgKCAQEA14P9Oam/vEPeC3rm3/iya1mfF1o6BAGoP7YXfYT/3UvS0Jnoq7us\n"                           \
    "qNFY5A+tMNpTQPRxwNM5wOYJ4GyE6Rzb/jRYiyqA3mzIx316wa8B8ql67Q2/Ha8u\n"                           \
    "LRvRkTy9rZE6EQvMEMBWiZrL0Njnwy183mLpbGMMCII0pPbSbykKJmeCpR6eCAbU\n"                           \
    "nvt39LLB/EZz7u9ITbS38sMuLAKmdceqHjVYU8gE/LL3UGj2gKjXYXB3OQD9H3fK\n"                           \
    "yB6S2nMPe/OB5o4AGn2jADCY/KkMxk/9H2W1EC0lBzBjHoTp5TnxoYf+btksPZAd\n"                           \
    "BCgAwUXFn7XcY/qplDzAi7PpscwP7wQNlQIDAQAB\n"                                                   \
    "-----END RSA PUBLIC KEY-----\n"

#define TEST_RSA_1024_PUBLIC                                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDJWlDr7KtlZC/X6fW/oilJG1YS\n"                           \
    "ENzFicmcp/sVEUwUQHLqkmfdgUKyD/sYAjJTIHcnho7n+fno2yb/XPGSnb0q93LB\n"                           \
    "4igMcK6BwnR1txeVUObVjCcuMVRhYf8tQPiTIgYsXn8daiE1omwBKr1bMwwj9MfP\n"                           \
    "suh/QUroYaC4Dw3GzQIDAQAB\n"                                                                   \
    "-----END PUBLIC KEY-----\n"

#define TEST_P384_PUBLIC                                                                           \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEvrDYzLnn6bWh3Yx3vcYSvo3w1DER1SHv\n"                           \
    "OEv6C1D2nETxcMFYabG2qY0drwruYqNW1uKasdOdbMP8cbTbdMmtRTrS7So1sA0R\n"                           \
    "f2SBkTTFo+WeQpv5LNpydPRmk94Gmaqq\n"                                                           \
    "-----END PUBLIC KEY-----\n"

#define TEST_P256_0_COMPRESSED                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACIQsOooG0jRO1sl+sFQJSq5og5iw0\n"                           \
    "Mq2gvRgKBmSPGB4=\n"                                                                           \
    "-----END PUBLIC KEY-----\n"

#define TEST_P256_0_EXPLICIT                                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"                           \
    "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"                           \
    "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"                           \
    "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"                           \
    "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"                           \
    "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABCELDqKBtI0TtbJfrBUCUqua\n"                           \
    "IOYsNDKtoL0YCgZkjxgeUfllZe2RX8LCLyhL9dq3aaN3JhnJcdXj+ygJfwAAL+I=\n"                           \
    "-----END PUBLIC KEY-----\n"

#define TEST_P256_OFF_CURVE                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEIQsOooG0jRO1sl+sFQJSq5og5iw0\n"                           \
    "Mq2gvRgKBmSPGB5R+WVl7ZFfwsIvKEv12rdpo3cmGclx1eP7KAl/AAAv4w==\n"                               \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_EXPONENT_1                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEA14P9Oam/vEPeC3rm3/iy\n"                           \
    "a1mfF1o6BAGoP7YXfYT/3UvS0Jnoq7usqNFY5A+tMNpTQPRxwNM5wOYJ4GyE6Rzb\n"                           \
    "/jRYiyqA3mzIx316wa8B8ql67Q2/Ha8uLRvRkTy9rZE6EQvMEMBWiZrL0Njnwy18\n"                           \
    "3mLpbGMMCII0pPbSbykKJmeCpR6eCAbUnvt39LLB/EZz7u9ITbS38sMuLAKmdceq\n"                           \
    "HjVYU8gE/LL3UGj2gKjXYXB3OQD9H3fKyB6S2nMPe/OB5o4AGn2jADCY/KkMxk/9\n"                           \
    "H2W1EC0lBzBjHoTp5TnxoYf+btksPZAdBCgAwUXFn7XcY/qplDzAi7PpscwP7wQN\n"                           \
    "lQIBAQ==\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_EXPONENT_EVEN                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA14P9Oam/vEPeC3rm3/iy\n"                           \
    "a1mfF1o6BAGoP7YXfYT/3UvS0Jnoq7usqNFY5A+tMNpTQPRxwNM5wOYJ4GyE6Rzb\n"                           \
    "/jRYiyqA3mzIx316wa8B8ql67Q2/Ha8uLRvRkTy9rZE6EQvMEMBWiZrL0Njnwy18\n"                           \
    "3mLpbGMMCII0pPbSbykKJmeCpR6eCAbUnvt39LLB/EZz7u9ITbS38sMuLAKmdceq\n"                           \
    "HjVYU8gE/LL3UGj2gKjXYXB3OQD9H3fKyB6S2nMPe/OB5o4AGn2jADCY/KkMxk/9\n"                           \
    "H2W1EC0lBzBjHoTp5TnxoYf+btksPZAdBCgAwUXFn7XcY/qplDzAi7PpscwP7wQN\n"                           \
    "lQIDAQAA\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_EXPONENT_LONG                                                                     \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBKDANBgkqhkiG9w0BAQEFAAOCARUAMIIBEAKCAQEA14P9Oam/vEPeC3rm3/iy\n"                           \
    "a1mfF1o6BAGoP7YXfYT/3UvS0Jnoq7usqNFY5A+tMNpTQPRxwNM5wOYJ4GyE6Rzb\n"                           \
    "/jRYiyqA3mzIx316wa8B8ql67Q2/Ha8uLRvRkTy9rZE6EQvMEMBWiZrL0Njnwy18\n"                           \
    "3mLpbGMMCII0pPbSbykKJmeCpR6eCAbUnvt39LLB/EZz7u9ITbS38sMuLAKmdceq\n"                           \
    "HjVYU8gE/LL3UGj2gKjXYXB3OQD9H3fKyB6S2nMPe/OB5o4AGn2jADCY/KkMxk/9\n"                           \
    "H2W1EC0lBzBjHoTp5TnxoYf+btksPZAdBCgAwUXFn7XcY/qplDzAi7PpscwP7wQN\n"                           \
    "lQIJAgAAAAAAAAAB\n"                                                                           \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_9000_BITS                                                                         \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIEhzANBgkqhkiG9w0BAQEFAAOCBHQAMIIEbwKCBGYAgAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"                           \
    "AAAAAAADAgMBAAE=\n"                                                                           \
    "-----END PUBLIC KEY-----\n"

#define TEST_RSA_PSS_PUBLIC                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBALP6xe18gZRpyDIwZcgSNcuR\n"                           \
    "g2r108UF/fY0wYGmEobaC4452sEn4xSizdDlrQ6cxFchtXLxLOU+aqcdWPHoXFHx\n"                           \
    "/zXP2VfFDBEs6dynjjIBm5ZJg8HIzcQfC6kjkM1K/TsDwwanIyUoszqAxwes/bV8\n"                           \
    "MfbeWMwxrU+B/ZbI9SG09byS3Q+XSZ9m99T9GP1piqjDt0QvzTP4vzrUrYABdUHh\n"                           \
    "oOMQmNWGSiyBrWp378fjvfwwNS6351Zx8H9Kev+OW0dq7NJU++GFc9VzPaHHhGOM\n"                           \
    "zeHbkThotS7BxNmuqjYVFdiJ3SQ/V6UBWbVTBA7chM2q63+6/DAq7qblAJ2UChcC\n"                           \
    "AwEAAQ==\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"

#define TEST_P256_0_ID "224fa6b18f72e258f0d84b2fdbc44e5f24b64f21903050ccd9d34f123d8cd4a3"

#define TEST_P256_0_ECDSA_ID "a4c8239d13fb7ec7c6209a90911514ce5f37825c210778f2a81d9eecba44f5ac"

#define TEST_P256_0_OWNED_ID "3678c3ebb208cebcdb783ab7b5169ed47bbeb6b69fe8cc217a917bb5c57e8c01"

#define TEST_ED25519_0_ID "e01842a392d4c772e73a4524f90c43553298819077a04f1b15a6928e94398231"

#define TEST_RSA_ID "c1711bd9ff582a05652412ad729679920530bba4e224433cb63227aa1d9818e2"

#endif
