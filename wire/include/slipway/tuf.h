/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a bundle and of a device's manifest: field numbers, and the rules by which
 * slw_proto_next() checks them. Package pw.software_update, with Slipway's fields at the numbers
 * that its readers skip (spec/SPEC.md, section 2; spec/slipway.proto).
 */
#ifndef SLIPWAY_TUF_H
#define SLIPWAY_TUF_H

#include "slipway/proto_reader.h"

/* UpdateBundle */
enum {
    SLW_BUNDLE_TIMESTAMP_METADATA = 1,
    SLW_BUNDLE_SNAPSHOT_METADATA = 2,
    SLW_BUNDLE_TARGETS_METADATA = 3, /* map<string, SignedTargetsMetadata> */
    SLW_BUNDLE_TARGET_PAYLOADS = 4,  /* map<string, bytes> */
    SLW_BUNDLE_ROOT_METADATA = 5,
    SLW_BUNDLE_ROOT_HISTORY = 1000,       /* repeated SignedRootMetadata, ascending */
    SLW_BUNDLE_ENDORSEMENTS = 1001,       /* repeated bytes: DSSE envelopes */
    SLW_BUNDLE_TRANSPARENCY_PROOF = 1002, /* bytes: transparency.h reads them */
};
extern const struct slw_proto_rules slw_bundle_rules;

/* Entries of the two maps; a manifest's targets_metadata entry has the same shape as the first. */
enum { SLW_MAP_KEY = 1, SLW_MAP_VALUE = 2 };
extern const struct slw_proto_rules slw_message_entry_rules;
extern const struct slw_proto_rules slw_payload_entry_rules;

/* SignedRootMetadata, SignedTargetsMetadata: the exact bytes in field 1 are what is signed. */
enum { SLW_SIGNED_SERIALIZED = 1, SLW_SIGNED_SIGNATURES = 2 };
extern const struct slw_proto_rules slw_signed_rules;

enum { SLW_SIGNATURE_KEY_ID = 1, SLW_SIGNATURE_SIG = 2 };
extern const struct slw_proto_rules slw_signature_rules;

enum {
    SLW_COMMON_SPEC_VERSION = 1,
    SLW_COMMON_VERSION = 2,
    SLW_COMMON_EXPIRES = 3,
    SLW_COMMON_ROLE = 4,
};
extern const struct slw_proto_rules slw_common_rules;

enum { SLW_TIMESTAMP_SECONDS = 1, SLW_TIMESTAMP_NANOS = 2 };
extern const struct slw_proto_rules slw_timestamp_rules;

enum {
    SLW_ROOT_COMMON = 1,
    SLW_ROOT_CONSISTENT_SNAPSHOT = 2,
    SLW_ROOT_KEYS = 3,
    SLW_ROOT_ROOT_REQUIREMENT = 4,
    SLW_ROOT_TIMESTAMP_REQUIREMENT = 5,
    SLW_ROOT_SNAPSHOT_REQUIREMENT = 6,
    SLW_ROOT_TARGETS_REQUIREMENT = 7,
    SLW_ROOT_KEY_CLASS = 65,
};
extern const struct slw_proto_rules slw_root_rules;

enum { SLW_REQUIREMENT_KEY_IDS = 1, SLW_REQUIREMENT_THRESHOLD = 2 };
extern const struct slw_proto_rules slw_requirement_rules;

enum { SLW_KEY_MAPPING_KEY_ID = 1, SLW_KEY_MAPPING_KEY = 2 };
extern const struct slw_proto_rules slw_key_mapping_rules;

enum { SLW_KEY_TYPE = 1, SLW_KEY_SCHEME = 2, SLW_KEY_KEYVAL = 3 };
extern const struct slw_proto_rules slw_key_rules;

enum {
    SLW_TARGETS_COMMON = 1,
    SLW_TARGETS_TARGET_FILES = 2,
    SLW_TARGETS_HARDWARE_IDS = 65,
    SLW_TARGETS_RELEASE_VERSION = 66,
    SLW_TARGETS_MIN_INSTALLED_VERSION = 67,
    SLW_TARGETS_URGENCY = 68,
    SLW_TARGETS_BUILD_TYPE = 69,
    SLW_TARGETS_RELEASE_NOTES = 70,
    SLW_TARGETS_PRODUCT = 72,
    SLW_TARGETS_SECURITY_FLOOR = 73,
    SLW_TARGETS_CRITICAL_FIELDS = 74,
};
extern const struct slw_proto_rules slw_targets_rules;

enum {
    SLW_TARGET_FILE_NAME = 1,
    SLW_TARGET_LENGTH = 2,
    SLW_TARGET_HASHES = 3,
    SLW_TARGET_ENCODINGS = 32,
    SLW_TARGET_SLOT = 33,
};
extern const struct slw_proto_rules slw_target_rules;

enum { SLW_HASH_FUNCTION = 1, SLW_HASH_HASH = 2 };
extern const struct slw_proto_rules slw_hash_rules;

enum {
    SLW_ENCODING_KIND = 1,
    SLW_ENCODING_PAYLOAD_NAME = 2,
    SLW_ENCODING_LENGTH = 3,
    SLW_ENCODING_HASH = 4,
    SLW_ENCODING_BASE_HASH = 5,
};
extern const struct slw_proto_rules slw_encoding_rules;

/* Manifest: what a device stores of the release that it runs. */
enum { SLW_MANIFEST_TARGETS_METADATA = 1, SLW_MANIFEST_USER_MANIFEST = 2 };
extern const struct slw_proto_rules slw_manifest_rules;

/* Values of enums. */
enum slw_key_type { SLW_KEY_TYPE_ED25519 = 2, SLW_KEY_TYPE_P256 = 3 }; /* scheme: the same number */
enum { SLW_HASH_FUNCTION_SHA256 = 1 };
enum slw_key_class {
    SLW_KEY_CLASS_NONE,
    SLW_KEY_CLASS_DEV,
    SLW_KEY_CLASS_TEST,
    SLW_KEY_CLASS_PROD
};
enum slw_build_type {
    SLW_BUILD_TYPE_NONE,
    SLW_BUILD_TYPE_DEV,
    SLW_BUILD_TYPE_TEST,
    SLW_BUILD_TYPE_USER,
};
enum slw_urgency {
    SLW_URGENCY_NONE,
    SLW_URGENCY_ROUTINE,
    SLW_URGENCY_RECOMMENDED,
    SLW_URGENCY_SECURITY,
    SLW_URGENCY_EMERGENCY,
};
enum slw_encoding_kind {
    SLW_ENCODING_PLAIN = 0, /* never on the wire: the image itself, under the target's name */
    SLW_ENCODING_LZ = 1,
    SLW_ENCODING_DELTA = 2,
    SLW_ENCODING_ZSTD = 3,
};

/* Roles of root metadata, in the order of their fields. */
enum slw_role {
    SLW_ROLE_ROOT,
    SLW_ROLE_TIMESTAMP,
    SLW_ROLE_SNAPSHOT,
    SLW_ROLE_TARGETS,
    SLW_ROLES_COUNT,
};
const char *slw_role_name(enum slw_role role);

/* The only entry of targets_metadata that is looked into, in bundles and manifests. */
#define SLW_TOP_LEVEL_TARGETS SLW_BYTES_OF("targets")

/* A payload that is stored with the manifest and never installed. */
#define SLW_USER_MANIFEST SLW_BYTES_OF("user_manifest")

/* Limits (inclusive); a product may lower them (spec/SPEC.md, section 5). */
#define SLW_SIGNATURES_MAX 32u
#define SLW_ROOT_KEYS_MAX 64u
#define SLW_ROOT_HISTORY_MAX 256u
#define SLW_TARGETS_MAX 4096u
#define SLW_NAME_SIZE_MAX 64u
#define SLW_RELEASE_NOTES_SIZE_MAX 1024u
#define SLW_ROOT_SIZE_MAX 512000u
#define SLW_TARGETS_SIZE_MAX 5000000u

#endif
