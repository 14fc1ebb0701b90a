/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of a ceremony's transcript: accepting the next one, or saying what is wrong with it.
 * Called for every entry whenever a ceremony's folder is opened.
 */
#include "internal.h"

/* What all entries say, and where the rest is. */
struct entry {
    const char *name;
    struct slw_dsse envelope;
    struct slw_statement statement;
    struct slw_fields fields;
    int64_t time_utc_s;
};

static enum slw_status refuse(const struct entry *entry, enum slw_status status, const char *what)
{
    return slw_explain(entry->fields.detail, status, "%s: %s", entry->name, what);
}

/* One spelling of an entry, so that nothing can be changed in it that isn't signed or chained. */
static enum slw_status check_spelling(const struct entry *entry, struct slw_bytes bytes)
{
    struct slw_heap_buffer text = {0};
    slw_dsse_format(&entry->envelope, &text);
    slw_heap_append_text(&text, "\n");
    enum slw_status status = text.status;
    if (status == SLW_OK && !slw_bytes_equal(slw_heap_bytes(&text), bytes)) {
        status = refuse(entry, SLW_BAD_STATEMENT, "isn't written as entries are");
    }
    slw_heap_drop(&text);
    return status;
}

static enum slw_status open_entry(const char *name, struct slw_bytes bytes, struct entry *entry,
                                  struct slw_detail *detail)
{
    entry->name = name;
    entry->fields.detail = detail;
    SLW_TRY(slw_dsse_parse(name, bytes, &entry->envelope, detail));
    SLW_TRY(check_spelling(entry, bytes));
    if (!slw_bytes_equal(entry->envelope.payload_type, SLW_DSSE_INTOTO)) {
        return refuse(entry, SLW_BAD_STATEMENT, "isn't a statement");
    }
    SLW_TRY(slw_statement_parse(name, entry->envelope.payload, &entry->statement, detail));
    entry->fields.json = &entry->statement.json;
    entry->fields.object = entry->statement.predicate;
    return entry->statement.kind == SLW_STATEMENT_CEREMONY
               ? SLW_OK
               : refuse(entry, SLW_BAD_STATEMENT, "isn't a statement about a ceremony");
}

/* That it is about this plan; the last one is about what was made. */
static enum slw_status check_subject(const struct slw_ceremony *ceremony,
                                     const struct slw_ceremony_step *step,
                                     const struct entry *entry)
{
    const uint8_t *subject =
        step->kind == SLW_CEREMONY_FINISH ? ceremony->made_sha256 : ceremony->plan_sha256;
    if (memcmp(entry->statement.subject, subject, SLW_SHA256_SIZE) != 0 ||
        !slw_bytes_equal(entry->statement.subject_name, ceremony->plan.name)) {
        return refuse(entry, SLW_BAD_STATEMENT,
                      step->kind == SLW_CEREMONY_FINISH
                          ? "isn't about what was made here"
                          : "belongs to another ceremony, or the plan was changed");
    }
    return SLW_OK;
}

static enum slw_status check_place(const struct slw_ceremony *ceremony,
                                   const struct slw_ceremony_step *step, const struct entry *entry)
{
    const struct slw_bytes due = ceremony->plan.people[step->person].name;
    uint64_t number = 0;
    struct slw_bytes kind;
    struct slw_bytes person;
    const char *word = slw_ceremony_step_name(step->kind);
    SLW_TRY(slw_fields_uint(&entry->fields, "step", 0, SLW_CEREMONY_STEPS_MAX, &number));
    SLW_TRY(slw_fields_text(&entry->fields, "kind", 1, 16, &kind));
    SLW_TRY(slw_fields_text(&entry->fields, "person", 1, SLW_CEREMONY_NAME_MAX, &person));
    if (number != ceremony->done || !slw_bytes_equal(kind, slw_bytes_make(word, strlen(word))) ||
        !slw_bytes_equal(person, due)) {
        return slw_explain(entry->fields.detail, SLW_BAD_STATEMENT,
                           "%s: is entry %llu, %.*s by %.*s, where entry %zu, %s by %.*s, is due",
                           entry->name, (unsigned long long)number, (int)kind.len, kind.ptr,
                           (int)person.len, person.ptr, ceremony->done, word, (int)due.len,
                           due.ptr);
    }
    return SLW_OK;
}

static enum slw_status check_chain(const struct slw_ceremony *ceremony, struct entry *entry)
{
    uint8_t previous[SLW_SHA256_SIZE];
    SLW_TRY(slw_fields_hex(&entry->fields, "previous", previous, sizeof previous));
    if (memcmp(previous, ceremony->last_sha256, sizeof previous) != 0) {
        return refuse(entry, SLW_LOG_DAMAGED,
                      "doesn't follow the entry before it, which was changed or exchanged since");
    }
    SLW_TRY(slw_fields_time(&entry->fields, "time", &entry->time_utc_s));
    return entry->time_utc_s >= ceremony->last_utc_s
               ? SLW_OK
               : refuse(entry, SLW_BAD_STATEMENT, "is of an earlier time than the one before it");
}

/* Signatures stand in one order, and each names its key, so that nothing about them can be changed
 * either. */
static enum slw_status check_signature(const struct entry *entry, size_t place,
                                       const struct slw_public_key *key, const char *whose)
{
    const struct slw_dsse_signature *signature = &entry->envelope.signatures[place];
    struct slw_statement_key statement_key;
    struct slw_detail why;
    enum slw_status status = SLW_UNSIGNED;
    slw_statement_key_of_public(key, &statement_key);
    if (place < entry->envelope.signatures_count && signature->has_keyid &&
        memcmp(signature->keyid, statement_key.id, sizeof signature->keyid) == 0) {
        status = slw_dsse_verify_one(&entry->envelope, &statement_key, SLW_DSSE_OUR_KEYS, &why);
    }
    return status == SLW_UNSIGNED ? slw_explain(entry->fields.detail, SLW_UNSIGNED,
                                                "%s: isn't signed by %s", entry->name, whose)
                                  : status;
}

static enum slw_status read_public_key(const struct entry *entry, struct slw_public_key *ret_key)
{
    uint32_t value = SLW_JSON_NONE;
    struct slw_detail why;
    SLW_TRY(slw_fields_value(&entry->fields, "key", SLW_JSON_STRING, &value));
    return slw_public_key_parse("key", slw_json_string(entry->fields.json, value), ret_key, &why) ==
                   SLW_OK
               ? SLW_OK
               : slw_fields_refuse(&entry->fields, value, "isn't a public key");
}

/* Whether a key is in this ceremony already, whatever for. */
static bool is_known(const struct slw_ceremony *ceremony, const struct slw_public_key *key)
{
    for (size_t i = 0; i < ceremony->plan.people_count; i++) {
        if (slw_ceremony_same_key(&ceremony->plan.people[i].key, key)) {
            return true;
        }
    }
    for (size_t i = 0; i < ceremony->plan.signers_count; i++) {
        if (slw_ceremony_same_key(&ceremony->plan.signers[i].key, key)) {
            return true;
        }
    }
    for (size_t i = 0; i < ceremony->new_keys_count; i++) {
        if (slw_ceremony_same_key(&ceremony->new_keys[i], key)) {
            return true;
        }
    }
    return false;
}

static enum slw_status accept_plan(struct slw_ceremony *ceremony,
                                   const struct slw_ceremony_step *step, const struct entry *entry)
{
    static const char *const members[] = {"step", "kind", "person", "previous", "time", NULL};
    (void)ceremony;
    (void)step;
    return slw_fields_only(&entry->fields, members);
}

/* The new key signs, too: whoever shows it has it. */
static enum slw_status accept_key(struct slw_ceremony *ceremony,
                                  const struct slw_ceremony_step *step, const struct entry *entry)
{
    static const char *const members[] = {"step", "kind", "person", "previous",
                                          "time", "role", "key",    NULL};
    struct slw_public_key key;
    struct slw_bytes role;
    const char *wanted = slw_role_name(step->role);
    SLW_TRY(slw_fields_only(&entry->fields, members));
    SLW_TRY(slw_fields_text(&entry->fields, "role", 1, 16, &role));
    if (!slw_bytes_equal(role, slw_bytes_make(wanted, strlen(wanted)))) {
        return refuse(entry, SLW_BAD_STATEMENT, "is a key for another role than is due");
    }
    SLW_TRY(read_public_key(entry, &key));
    if (is_known(ceremony, &key)) {
        return refuse(entry, SLW_DUPLICATE_SIGNATURE, "its key is in this ceremony already");
    }
    SLW_TRY(check_signature(entry, 1, &key, "the new key itself"));
    ceremony->new_keys[ceremony->new_keys_count++] = key;
    if (ceremony->new_keys_count < ceremony->plan.new_keys_count) {
        return SLW_OK;
    }
    enum slw_status status = slw_ceremony_make(ceremony, entry->fields.detail);
    ceremony->new_keys_count -= status == SLW_OK ? 0 : 1;
    return status;
}

/* Where nothing can be made, the first signature says what all others must be about. */
static enum slw_status check_made(struct slw_ceremony *ceremony, const struct entry *entry)
{
    uint8_t digest[SLW_SHA256_SIZE];
    SLW_TRY(slw_fields_hex(&entry->fields, "made_sha256", digest, sizeof digest));
    if (ceremony->is_unmade && ceremony->signatures_count == 0) {
        memcpy(ceremony->made_sha256, digest, sizeof ceremony->made_sha256);
    }
    return memcmp(digest, ceremony->made_sha256, sizeof digest) == 0
               ? SLW_OK
               : refuse(entry, SLW_MIX_AND_MATCH, "is about another root than was made here");
}

static enum slw_status accept_signature(struct slw_ceremony *ceremony,
                                        const struct slw_ceremony_step *step,
                                        const struct entry *entry)
{
    static const char *const members[] = {"step", "kind",        "person",    "previous", "time",
                                          "key",  "made_sha256", "signature", NULL};
    const struct slw_public_key *due = step->is_former ? &ceremony->plan.signers[step->signer].key
                                                       : &ceremony->new_keys[step->new_key];
    struct slw_ceremony_signature *signature = &ceremony->signatures[ceremony->signatures_count];
    struct slw_bytes hex;
    SLW_TRY(slw_fields_only(&entry->fields, members));
    SLW_TRY(check_made(ceremony, entry));
    SLW_TRY(read_public_key(entry, &signature->key));
    if (!slw_ceremony_same_key(&signature->key, due)) {
        return refuse(entry, SLW_BAD_STATEMENT, "is by another key than is due");
    }
    SLW_TRY(slw_fields_text(&entry->fields, "signature", 2, SLW_CEREMONY_SIGNATURE_MAX, &hex));
    if (!ceremony->is_unmade &&
        slw_ceremony_maker(ceremony)->verify(ceremony, due, hex) != SLW_OK) {
        return refuse(entry, SLW_UNSIGNED, "its signature isn't over what was made here");
    }
    memcpy(signature->hex, hex.ptr, hex.len);
    signature->hex[hex.len] = '\0';
    ceremony->signatures_count++;
    return SLW_OK;
}

/* Plan and entries stand in the last entry as they are in the folder: what the log keeps. */
static enum slw_status accept_finish(struct slw_ceremony *ceremony,
                                     const struct slw_ceremony_step *step,
                                     const struct entry *entry)
{
    static const char *const members[] = {"step",        "kind", "person",  "previous", "time",
                                          "made_sha256", "plan", "entries", NULL};
    struct slw_heap_buffer expected = {0};
    uint32_t value = SLW_JSON_NONE;
    (void)step;
    SLW_TRY(slw_fields_only(&entry->fields, members));
    SLW_TRY(check_made(ceremony, entry));
    SLW_TRY(slw_fields_value(&entry->fields, "plan", SLW_JSON_OBJECT, &value));
    if (!slw_bytes_equal(slw_json_raw(entry->fields.json, value),
                         slw_json_raw(&ceremony->plan_json, SLW_JSON_TOP))) {
        return refuse(entry, SLW_BAD_STATEMENT, "has another plan");
    }
    SLW_TRY(slw_fields_value(&entry->fields, "entries", SLW_JSON_ARRAY, &value));
    slw_heap_append_text(&expected, "[");
    slw_heap_append(&expected, slw_heap_bytes(&ceremony->entries));
    slw_heap_append_text(&expected, "]");
    enum slw_status status = expected.status;
    if (status == SLW_OK &&
        !slw_bytes_equal(slw_json_raw(entry->fields.json, value), slw_heap_bytes(&expected))) {
        status = refuse(entry, SLW_BAD_STATEMENT, "has other entries than those before it");
    }
    slw_heap_drop(&expected);
    return status;
}

static enum slw_status check_entry(struct slw_ceremony *ceremony, const char *name,
                                   struct slw_bytes bytes, struct entry *entry,
                                   struct slw_detail *detail)
{
    static enum slw_status (*const accept[])(
        struct slw_ceremony * ceremony, const struct slw_ceremony_step *step,
        const struct entry *entry) = {accept_plan, accept_key, accept_signature, accept_finish};
    const struct slw_ceremony_step *step = &ceremony->steps[ceremony->done];
    const struct slw_ceremony_person *person = &ceremony->plan.people[step->person];
    char whose[SLW_CEREMONY_NAME_MAX + 16];
    SLW_TRY(open_entry(name, bytes, entry, detail));
    SLW_TRY(check_subject(ceremony, step, entry));
    SLW_TRY(check_place(ceremony, step, entry));
    SLW_TRY(check_chain(ceremony, entry));
    (void)snprintf(whose, sizeof whose, "%.*s's key", (int)person->name.len,
                   (const char *)person->name.ptr);
    SLW_TRY(check_signature(entry, 0, &person->key, whose));
    if (entry->envelope.signatures_count > (step->kind == SLW_CEREMONY_KEY ? 2u : 1u)) {
        return refuse(entry, SLW_BAD_STATEMENT, "has signatures of others, too");
    }
    return accept[step->kind](ceremony, step, entry);
}

static enum slw_status keep(struct slw_ceremony *ceremony, struct slw_bytes bytes,
                            struct slw_detail *detail)
{
    if (ceremony->entries.len != 0) {
        slw_heap_append_text(&ceremony->entries, ",");
    }
    slw_heap_append(&ceremony->entries, slw_bytes_make(bytes.ptr, bytes.len - 1)); /* no line end */
    return ceremony->entries.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_ceremony_accept_entry(struct slw_ceremony *ceremony, const char *name,
                                          struct slw_bytes bytes, struct slw_detail *detail)
{
    struct entry entry = {0};
    if (ceremony->done == ceremony->steps_count) {
        return slw_explain(detail, SLW_WRONG_STATE, "%s: all steps are done already", name);
    }
    if (bytes.len > SLW_CEREMONY_ENTRY_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: larger than %u bytes", name,
                           SLW_CEREMONY_ENTRY_SIZE_MAX);
    }
    enum slw_status status = check_entry(ceremony, name, bytes, &entry, detail);
    if (status == SLW_OK) {
        status = keep(ceremony, bytes, detail);
    }
    if (status == SLW_OK) {
        slw_ceremony_hash(bytes, ceremony->last_sha256);
        ceremony->last_utc_s = entry.time_utc_s;
        ceremony->done++;
    }
    slw_statement_free(&entry.statement);
    slw_dsse_free(&entry.envelope);
    return status;
}
