/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets metadata: whether a release, whose signatures have been verified, is one for this device
 * now (targets.h). The order of the checks is part of the interface: the first that fails is the
 * reason that scripts see.
 */
#include "target_read.h"

static enum slw_status check_versions(const struct slw_targets *targets,
                                      const struct slw_expectations *expectations,
                                      uint32_t effective_version, struct slw_finding *finding)
{
    bool installed = expectations->stored == SLW_STORED_RELEASE;
    if (targets->security_floor > targets->version) {
        return slw_find_numbers(finding, SLW_ROLLBACK, SLW_ROLE_TARGETS, targets->version,
                                targets->security_floor);
    }
    if (installed && targets->version < expectations->stored_floor) {
        return slw_find_numbers(finding, SLW_ROLLBACK, SLW_ROLE_TARGETS, targets->version,
                                expectations->stored_floor);
    }
    /* TUF 5.6.4 for targets: "the version number of the trusted targets metadata file, if any,
     * MUST be less than or equal to the version number of the new targets metadata file". */
    if (installed && targets->version < effective_version) {
        return slw_find_numbers(finding, SLW_ROLLBACK, SLW_ROLE_TARGETS, targets->version,
                                effective_version);
    }
    if (installed && expectations->stored_version < targets->min_installed_version) {
        return slw_find_numbers(finding, SLW_STEPPING_STONE, SLW_ROLE_TARGETS,
                                expectations->stored_version, targets->min_installed_version);
    }
    return SLW_OK;
}

static enum slw_status check_device(const struct slw_targets *targets,
                                    const struct slw_expectations *expectations,
                                    enum slw_key_class key_class, struct slw_finding *finding)
{
    if (targets->unknown_critical_field != 0) {
        return slw_find_numbers(finding, SLW_UNKNOWN_CRITICAL_FIELD, SLW_ROLE_TARGETS,
                                targets->unknown_critical_field, 0);
    }
    if (expectations->check_hardware && targets->hardware_listed && !targets->hardware_matches) {
        return slw_find(finding, SLW_WRONG_HARDWARE, SLW_ROLE_TARGETS);
    }
    if (expectations->check_product && targets->product.length != 0 && !targets->product_matches) {
        return slw_find(finding, SLW_WRONG_PRODUCT, SLW_ROLE_TARGETS);
    }
    if (expectations->check_key_class && key_class != expectations->key_class) {
        return slw_find(finding, SLW_WRONG_KEY_CLASS, SLW_ROLE_ROOT);
    }
    if (expectations->check_build_type && targets->build_type != expectations->build_type) {
        return slw_find(finding, SLW_WRONG_BUILD_TYPE, SLW_ROLE_TARGETS);
    }
    return SLW_OK;
}

/* Two entries with one tag: the same text makes them one name, unless they are of another kind. */
static enum slw_status check_pair(const struct slw_targets *targets, const struct slw_name *left,
                                  const struct slw_name *right, struct slw_reader *lookup,
                                  struct slw_finding *finding)
{
    uint8_t left_memory[SLW_NAME_SIZE_MAX];
    uint8_t right_memory[SLW_NAME_SIZE_MAX];
    struct slw_bytes left_text;
    struct slw_bytes right_text;
    struct slw_target target;
    uint16_t kinds = SLW_NAME_IS_PAYLOAD | SLW_NAME_IS_SLOT;
    if ((left->flags & right->flags & kinds) == 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_names_read(targets, left, lookup, &target, &left_text, left_memory));
    SLW_TRY(slw_names_read(targets, right, lookup, &target, &right_text, right_memory));
    if (slw_bytes_equal(left_text, right_text)) {
        return slw_find_name(finding, SLW_DUPLICATE_TARGET, left_text);
    }
    return SLW_OK;
}

static enum slw_status check_unique(const struct slw_targets *targets,
                                    const struct slw_names *names, struct slw_reader *lookup,
                                    struct slw_finding *finding)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct slw_name *left = &names->entries[i];
        for (size_t j = i + 1; j < names->count && names->entries[j].tag == left->tag; j++) {
            SLW_TRY(check_pair(targets, left, &names->entries[j], lookup, finding));
        }
    }
    return SLW_OK;
}

enum slw_status slw_targets_check(const struct slw_targets *targets, const struct slw_names *names,
                                  const struct slw_expectations *expectations,
                                  uint32_t effective_version, enum slw_key_class key_class,
                                  struct slw_reader *lookup, struct slw_finding *finding)
{
    if (!targets->role_right) {
        return slw_find(finding, SLW_WRONG_ROLE, SLW_ROLE_TARGETS);
    }
    if (!targets->spec_version_right) {
        return slw_find(finding, SLW_BAD_SPEC_VERSION, SLW_ROLE_TARGETS);
    }
    /* TUF 5.6.5: "The latest known time MUST be lower than the expiration timestamp". */
    if (slw_expired(&targets->expires, &expectations->now)) {
        return slw_find(finding, SLW_EXPIRED, SLW_ROLE_TARGETS);
    }
    SLW_TRY(check_versions(targets, expectations, effective_version, finding));
    SLW_TRY(check_device(targets, expectations, key_class, finding));
    if (targets->names_finding.status != SLW_OK) {
        *finding = targets->names_finding;
        return finding->status;
    }
    return check_unique(targets, names, lookup, finding);
}
