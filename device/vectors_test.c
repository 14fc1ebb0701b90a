/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of spec/vectors/index.tsv through the verifier, as a library: verdict and reason. Each
 * row is run twice, with a large block and with the smallest one, which must make no difference.
 */
#include "slipway/manifest.h"
#include "slipway/verifier.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define VECTORS "spec/vectors/"
#define FILE_SIZE_MAX (16u * 1024 * 1024)
#define NAMES_MAX 16384
#define COLUMNS 9

static struct slw_root_key root_keys[3 * SLW_ROOT_KEYS_MAX];
static struct slw_signature signatures[SLW_SIGNATURES_MAX];
static struct slw_name names[NAMES_MAX];
static uint8_t block[4096];
static uint8_t manifest_block[256];

struct row {
    char *columns[COLUMNS];
};

enum { BUNDLE, TRUSTED_ROOT, MANIFEST, OPTIONS, EXPECTED, REASON };

struct file {
    uint8_t *bytes;
    struct slw_memory_source source;
};

static bool read_file(const char *name, struct file *file)
{
    char path[256];
    (void)snprintf(path, sizeof path, VECTORS "%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return false;
    }
    file->bytes = malloc(FILE_SIZE_MAX);
    size_t len = file->bytes == NULL ? 0 : fread(file->bytes, 1, FILE_SIZE_MAX, stream);
    (void)fclose(stream);
    slw_memory_source_init(&file->source, slw_bytes_make(file->bytes, len));
    return file->bytes != NULL;
}

struct device {
    struct slw_expectations expectations;
    struct slw_installed_port installed;
    struct file manifest_file;
    struct slw_manifest manifest;
};

static enum slw_status find_in_manifest(void *context, struct slw_bytes target,
                                        struct slw_bytes slot,
                                        struct slw_installed_image *ret_image)
{
    struct device *device = context;
    (void)slot;
    return slw_manifest_find(&device->manifest_file.source.source, &device->manifest,
                             manifest_block, sizeof manifest_block, target, ret_image);
}

static struct slw_bytes text(const char *string)
{
    return slw_bytes_make(string, strlen(string));
}

static enum slw_key_class key_class(const char *word)
{
    return strcmp(word, "dev") == 0    ? SLW_KEY_CLASS_DEV
           : strcmp(word, "test") == 0 ? SLW_KEY_CLASS_TEST
                                       : SLW_KEY_CLASS_PROD;
}

/* The number in text[at..at+len), -1 when it isn't one. */
static int digits(const char *text, size_t at, size_t len)
{
    int number = 0;
    for (size_t i = at; i < at + len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

/* "2001-09-09T01:46:40Z" */
static int64_t utc_seconds(const char *text)
{
    struct tm utc = {
        .tm_year = digits(text, 0, 4) - 1900,
        .tm_mon = digits(text, 5, 2) - 1,
        .tm_mday = digits(text, 8, 2),
        .tm_hour = digits(text, 11, 2),
        .tm_min = digits(text, 14, 2),
        .tm_sec = digits(text, 17, 2),
    };
    return (int64_t)timegm(&utc);
}

static int sextet(char digit)
{
    static const char digits_of_base64[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = digit == '\0' ? NULL : strchr(digits_of_base64, digit);
    return at == NULL ? -1 : (int)(at - digits_of_base64);
}

/* "NAME+ID+BASE64(type, key)", 33 bytes in 44 digits; the name stays a view of value. */
static bool read_key(const char *value, int type, struct slw_transparency_key *ret_key)
{
    uint8_t bytes[1 + SLW_ED25519_KEY_SIZE];
    size_t name_len = strcspn(value, "+");
    if (strlen(value) != name_len + 10 + 44) {
        return false;
    }
    const char *base64 = value + name_len + 10;
    for (size_t i = 0; i < sizeof bytes; i++) {
        size_t bit = 8 * i;
        int first = sextet(base64[bit / 6]);
        int second = sextet(base64[bit / 6 + 1]);
        if (first < 0 || second < 0) {
            return false;
        }
        bytes[i] = (uint8_t)((first << 6 | second) >> (4 - bit % 6));
    }
    ret_key->name = slw_bytes_make(value, name_len);
    memcpy(ret_key->ed25519, bytes + 1, sizeof ret_key->ed25519);
    return bytes[0] == type;
}

static struct slw_transparency transparency;
static struct slw_transparency_key witnesses[SLW_TRANSPARENCY_WITNESSES_MAX];

/* Without a quorum, all witnesses have to cosign. */
static bool apply_log_option(const char *name, const char *value)
{
    if (strcmp(name, "--log") == 0) {
        return read_key(value, SLW_TRANSPARENCY_LOG_KEY, &transparency.log);
    }
    if (strcmp(name, "--witness-quorum") == 0) {
        transparency.quorum = (size_t)digits(value, 0, 1);
        return strlen(value) == 1;
    }
    transparency.witnesses = witnesses;
    transparency.quorum++;
    return strcmp(name, "--witness") == 0 &&
           transparency.witnesses_count < SLW_TRANSPARENCY_WITNESSES_MAX &&
           read_key(value, SLW_TRANSPARENCY_WITNESS_KEY,
                    &witnesses[transparency.witnesses_count++]);
}

/* Only the options that index.tsv uses; an unknown one fails its row. */
static bool apply_option(struct slw_expectations *expectations, const char *name, const char *value)
{
    if (strncmp(name, "--log", 5) == 0 || strncmp(name, "--witness", 9) == 0) {
        expectations->transparency = &transparency;
        return apply_log_option(name, value);
    }
    if (strcmp(name, "--hardware") == 0) {
        expectations->check_hardware = true;
        expectations->hardware = text(value);
    } else if (strcmp(name, "--product") == 0) {
        expectations->check_product = true;
        expectations->product = text(value);
    } else if (strcmp(name, "--key-class") == 0) {
        expectations->check_key_class = true;
        expectations->key_class = key_class(value);
    } else if (strcmp(name, "--time") == 0 && strlen(value) == 20) {
        expectations->now.utc_s = utc_seconds(value);
    } else {
        return false;
    }
    return true;
}

/* Cuts the next word off; NULL at the end. */
static char *next_word(char **rest)
{
    char *word = *rest;
    size_t len = strcspn(word, " ");
    *rest = word[len] == '\0' ? word + len : word + len + 1;
    word[len] = '\0';
    return len == 0 ? NULL : word;
}

static bool apply_options(struct slw_expectations *expectations, char *options)
{
    if (strcmp(options, "-") == 0) {
        return true;
    }
    for (char *word = next_word(&options); word != NULL; word = next_word(&options)) {
        if (strcmp(word, "--no-clock") == 0) {
            expectations->now.known = false;
            continue;
        }
        char *value = next_word(&options);
        if (value == NULL || !apply_option(expectations, word, value)) {
            return false;
        }
    }
    return true;
}

static bool set_up_device(struct device *device, const struct row *row)
{
    *device = (struct device){
        .expectations = {.limits = slw_default_limits,
                         .now = {true, (int64_t)time(NULL)},
                         .decodable = UINT32_MAX},
    };
    device->installed = (struct slw_installed_port){device, find_in_manifest};
    transparency = (struct slw_transparency){0};
    if (!apply_options(&device->expectations, row->columns[OPTIONS])) {
        return false;
    }
    if (strcmp(row->columns[MANIFEST], "-") == 0) {
        return true;
    }
    if (!read_file(row->columns[MANIFEST], &device->manifest_file)) {
        return false;
    }
    device->expectations.stored = SLW_STORED_UNREADABLE;
    if (slw_manifest_read(&device->manifest_file.source.source, manifest_block,
                          sizeof manifest_block, &device->manifest) == SLW_OK) {
        device->expectations.stored = SLW_STORED_RELEASE;
        device->expectations.stored_version = device->manifest.version;
        device->expectations.stored_floor = device->manifest.security_floor;
        device->expectations.installed = &device->installed;
    }
    return true;
}

static enum slw_status run(const struct device *device, const struct file *trusted_root,
                           const struct file *bundle, size_t block_size)
{
    static struct slw_verifier verifier;
    struct slw_verifier_memory memory = {
        .block = block,
        .block_size = block_size,
        .root_keys = root_keys,
        .root_keys_count = 3 * SLW_ROOT_KEYS_MAX,
        .signatures = signatures,
        .signatures_count = SLW_SIGNATURES_MAX,
        .names = names,
        .names_count = NAMES_MAX,
    };
    slw_verifier_start(&verifier, &memory, &device->expectations, &trusted_root->source.source,
                       &bundle->source.source);
    while (!verifier.done) {
        enum slw_status status = slw_verifier_step(&verifier);
        if (status != SLW_OK) {
            TAP_CHECK(slw_verifier_result(&verifier) == NULL);
            TAP_CHECK(slw_verifier_step(&verifier) == status);
            return status;
        }
    }
    TAP_CHECK(slw_verifier_result(&verifier) != NULL);
    return SLW_OK;
}

/* reasons: words joined by a vertical bar. */
static bool is_among(const char *word, const char *reasons)
{
    size_t len = strlen(word);
    for (const char *at = reasons; at != NULL; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, len) == 0 && (at[len] == '\0' || at[len] == '|')) {
            return true;
        }
    }
    return false;
}

static void check_row(struct row *row)
{
    static const size_t block_sizes[] = {sizeof block, 128};
    struct device device;
    struct file trusted_root = {0};
    struct file bundle = {0};
    TAP_ROW(row->columns[BUNDLE]);
    TAP_CHECK(set_up_device(&device, row) && read_file(row->columns[TRUSTED_ROOT], &trusted_root) &&
              read_file(row->columns[BUNDLE], &bundle));
    for (size_t i = 0; i < sizeof block_sizes / sizeof block_sizes[0]; i++) {
        enum slw_status status = run(&device, &trusted_root, &bundle, block_sizes[i]);
        bool right = strcmp(row->columns[EXPECTED], "accept") == 0
                         ? status == SLW_OK
                         : is_among(slw_status_word(status), row->columns[REASON]);
        if (!TAP_CHECK(right)) {
            printf("# %s: %s, expected %s\n", row->columns[BUNDLE], slw_status_word(status),
                   row->columns[REASON]);
        }
    }
    free(device.manifest_file.bytes);
    free(trusted_root.bytes);
    free(bundle.bytes);
}

static bool split(char *line, struct row *row)
{
    char *rest = line;
    line[strcspn(line, "\n")] = '\0';
    for (size_t i = 0; i < COLUMNS; i++) {
        row->columns[i] = strsep(&rest, "\t");
        if (row->columns[i] == NULL) {
            return false;
        }
    }
    return rest == NULL;
}

static void reaches_the_verdict_of_every_vector(void)
{
    char line[2048];
    struct row row;
    size_t rows = 0;
    FILE *index = fopen(VECTORS "index.tsv", "r");
    TAP_REQUIRE(index != NULL);
    while (fgets(line, sizeof line, index) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        rows++;
        if (TAP_CHECK(split(line, &row))) {
            check_row(&row);
        }
    }
    TAP_ROW(NULL);
    (void)fclose(index);
    TAP_CHECK(rows >= 291);
}

int main(void)
{
    TAP_RUN(reaches_the_verdict_of_every_vector);
    return tap_finish();
}
