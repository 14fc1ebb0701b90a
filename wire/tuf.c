/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of tuf.h: what each message of a bundle may hold. */
#include "slipway/tuf.h"

#define RULES(name, fields_array)                                                                  \
    const struct slw_proto_rules name = {fields_array,                                             \
                                         sizeof(fields_array) / sizeof(fields_array)[0]}

static const struct slw_proto_rule bundle_fields[] = {
    {SLW_BUNDLE_TIMESTAMP_METADATA, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_BUNDLE_SNAPSHOT_METADATA, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_BUNDLE_TARGETS_METADATA, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_BUNDLE_TARGET_PAYLOADS, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_BUNDLE_ROOT_METADATA, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_BUNDLE_ROOT_HISTORY, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_BUNDLE_ENDORSEMENTS, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},
    {SLW_BUNDLE_TRANSPARENCY_PROOF, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_bundle_rules, bundle_fields);

static const struct slw_proto_rule message_entry_fields[] = {
    {SLW_MAP_KEY, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_MAP_VALUE, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
};
RULES(slw_message_entry_rules, message_entry_fields);

static const struct slw_proto_rule payload_entry_fields[] = {
    {SLW_MAP_KEY, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_MAP_VALUE, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_payload_entry_rules, payload_entry_fields);

static const struct slw_proto_rule signed_fields[] = {
    {SLW_SIGNED_SERIALIZED, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {SLW_SIGNED_SIGNATURES, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
};
RULES(slw_signed_rules, signed_fields);

static const struct slw_proto_rule signature_fields[] = {
    {SLW_SIGNATURE_KEY_ID, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {SLW_SIGNATURE_SIG, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_signature_rules, signature_fields);

static const struct slw_proto_rule common_fields[] = {
    {SLW_COMMON_SPEC_VERSION, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_COMMON_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {SLW_COMMON_EXPIRES, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_COMMON_ROLE, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
};
RULES(slw_common_rules, common_fields);

static const struct slw_proto_rule timestamp_fields[] = {
    {SLW_TIMESTAMP_SECONDS, SLW_PROTO_INT64, SLW_PROTO_SINGULAR},
    {SLW_TIMESTAMP_NANOS, SLW_PROTO_INT32, SLW_PROTO_SINGULAR},
};
RULES(slw_timestamp_rules, timestamp_fields);

static const struct slw_proto_rule root_fields[] = {
    {SLW_ROOT_COMMON, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ROOT_CONSISTENT_SNAPSHOT, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {SLW_ROOT_KEYS, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_ROOT_ROOT_REQUIREMENT, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ROOT_TIMESTAMP_REQUIREMENT, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ROOT_SNAPSHOT_REQUIREMENT, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ROOT_TARGETS_REQUIREMENT, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ROOT_KEY_CLASS, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
};
RULES(slw_root_rules, root_fields);

static const struct slw_proto_rule requirement_fields[] = {
    {SLW_REQUIREMENT_KEY_IDS, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},
    {SLW_REQUIREMENT_THRESHOLD, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
};
RULES(slw_requirement_rules, requirement_fields);

static const struct slw_proto_rule key_mapping_fields[] = {
    {SLW_KEY_MAPPING_KEY_ID, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {SLW_KEY_MAPPING_KEY, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
};
RULES(slw_key_mapping_rules, key_mapping_fields);

static const struct slw_proto_rule key_fields[] = {
    {SLW_KEY_TYPE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_KEY_SCHEME, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_KEY_KEYVAL, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_key_rules, key_fields);

static const struct slw_proto_rule targets_fields[] = {
    {SLW_TARGETS_COMMON, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_TARGET_FILES, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_TARGETS_HARDWARE_IDS, SLW_PROTO_STRING, SLW_PROTO_REPEATED},
    {SLW_TARGETS_RELEASE_VERSION, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_MIN_INSTALLED_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_URGENCY, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_BUILD_TYPE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_RELEASE_NOTES, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_PRODUCT, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_SECURITY_FLOOR, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {SLW_TARGETS_CRITICAL_FIELDS, SLW_PROTO_UINT32, SLW_PROTO_REPEATED},
};
RULES(slw_targets_rules, targets_fields);

static const struct slw_proto_rule target_fields[] = {
    {SLW_TARGET_FILE_NAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_TARGET_LENGTH, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {SLW_TARGET_HASHES, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_TARGET_ENCODINGS, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_TARGET_SLOT, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
};
RULES(slw_target_rules, target_fields);

static const struct slw_proto_rule hash_fields[] = {
    {SLW_HASH_FUNCTION, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_HASH_HASH, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_hash_rules, hash_fields);

static const struct slw_proto_rule encoding_fields[] = {
    {SLW_ENCODING_KIND, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {SLW_ENCODING_PAYLOAD_NAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {SLW_ENCODING_LENGTH, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {SLW_ENCODING_HASH, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {SLW_ENCODING_BASE_HASH, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
};
RULES(slw_encoding_rules, encoding_fields);

static const struct slw_proto_rule manifest_fields[] = {
    {SLW_MANIFEST_TARGETS_METADATA, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {SLW_MANIFEST_USER_MANIFEST, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
RULES(slw_manifest_rules, manifest_fields);

const char *slw_role_name(enum slw_role role)
{
    switch (role) {
    case SLW_ROLE_ROOT:
        return "root";
    case SLW_ROLE_TIMESTAMP:
        return "timestamp";
    case SLW_ROLE_SNAPSHOT:
        return "snapshot";
    case SLW_ROLE_TARGETS:
        return "targets";
    case SLW_ROLES_COUNT:
        break;
    }
    return "unknown";
}
