/* SPDX-License-Identifier: Apache-2.0 */
/* A signing service in the test's process, and its front. See test_signer.h. */
#include "test_signer.h"

#include "case.h"
#include "service_parts.h"

#include "slipway/audit.h"
#include "slipway/files.h"
#include "slipway/targets_draft.h"

#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS_MAX 20000

static int64_t clock_utc_s(void *context)
{
    return ((struct test_signer *)context)->now_utc_s;
}

/* Runs on by itself a little, so that what is retried is. */
static int64_t clock_monotonic_ms(void *context)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((struct test_signer *)context)->now_ms + (int64_t)now.tv_sec * 1000 +
           now.tv_nsec / 1000000;
}

/* --- The service --- */

static void keys_fill(struct test_signer *signer)
{
    static const struct {
        const char *name;
        enum test_party party;
        bool in_token;
    } rows[] = {{"lamp-prod", TEST_KEY_PROD, true},
                {"lamp-test", TEST_KEY_TEST, false},
                {"lamp-root", TEST_KEY_ROOT, false},
                {"lamp-role", TEST_KEY_ROLE, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* The service only reads it. */
        struct slw_private_key *key = (struct slw_private_key *)(uintptr_t)test_key(rows[i].party);
        signer->keys[i] = (struct slw_service_key){rows[i].name, key, rows[i].in_token};
    }
    signer->options.keys = signer->keys;
    signer->options.keys_count = sizeof rows / sizeof rows[0];
}

static bool spawner_open(struct test_signer *signer)
{
    static const char *const runnable[] = {"/usr"};
    const struct slw_sandbox_user nobody = {.uid = 65534, .gid = 65534};
    const char *program = getenv("SLIPWAY_JUDGE");
    const struct slw_spawner_options options = {
        .program = program == NULL ? "build/release/signer/judge/slipway-signer-judge" : program,
        .user = getuid() == 0 ? &nobody : NULL,
        .runnable = runnable,
        .runnable_count = 1,
    };
    struct slw_detail detail = {""};
    if (slw_spawner_open(&options, &signer->spawner, &detail) != SLW_OK) {
        fprintf(stderr, "# no judge: %s\n", detail.text);
        return false;
    }
    signer->has_spawner = true;
    return true;
}

enum slw_status test_signer_start(struct test_signer *signer, struct slw_detail *detail)
{
    int pair[2];
    SLW_TRY(slw_service_new(&signer->options, &signer->service, detail));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        return SLW_IO;
    }
    slw_service_connect(signer->service, pair[0]);
    signer->socket = pair[1];
    return SLW_OK;
}

void test_signer_stop(struct test_signer *signer)
{
    slw_service_free(signer->service);
    signer->service = NULL;
    if (signer->socket >= 0) {
        close(signer->socket);
        signer->socket = -1;
    }
}

bool test_signer_open_with(struct test_signer *signer, const struct test_policy *policy)
{
    static const int administrators[] = {TEST_ADMIN1, TEST_ADMIN2, -1};
    struct slw_heap_buffer envelope = {0};
    struct slw_detail detail = {""};
    *signer = (struct test_signer){.socket = -1, .now_utc_s = TEST_START, .policy = *policy};
    (void)snprintf(signer->directory, sizeof signer->directory, "/tmp/signer-test-XXXXXX");
    if (mkdtemp(signer->directory) == NULL || !spawner_open(signer)) {
        return false;
    }
    keys_fill(signer);
    if (slw_note_signer_init(test_key(TEST_LOG), SLW_BYTES_OF(TEST_ORIGIN), SLW_NOTE_ED25519,
                             &signer->log_signer, &detail) != SLW_OK) {
        return false;
    }
    signer->options.state = signer->directory;
    signer->options.origin = TEST_ORIGIN;
    signer->options.log_signer = &signer->log_signer;
    signer->options.spawner = &signer->spawner;
    signer->options.staged = (struct slw_staging_limits){1 << 24, 64, 86400};
    signer->options.threads = 2;
    signer->options.clock = (struct slw_service_clock){signer, clock_utc_s, clock_monotonic_ms};
    test_policy_envelope(policy, administrators, &envelope);
    enum slw_status status = slw_service_init(&signer->options, slw_heap_bytes(&envelope), &detail);
    slw_heap_free(&envelope);
    if (status == SLW_OK) {
        status = test_signer_start(signer, &detail);
    }
    if (status != SLW_OK) {
        fprintf(stderr, "# no service: %s: %s\n", slw_status_word(status), detail.text);
    }
    return status == SLW_OK;
}

bool test_signer_open(struct test_signer *signer)
{
    return test_signer_open_with(signer, &(struct test_policy){0});
}

static void remove_tree(char *path)
{
    char *paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry = tree == NULL ? NULL : fts_read(tree); entry != NULL;
         entry = fts_read(tree)) {
        if (entry->fts_info != FTS_D) { /* directories when they are left */
            (void)remove(entry->fts_accpath);
        }
    }
    if (tree != NULL) {
        fts_close(tree);
    }
}

/* Whatever a test tried, the log that a service wrote holds for whoever reads it, unless the test
 * damaged it. */
static void audit(const struct test_signer *signer)
{
    char path[80];
    struct slw_detail detail;
    struct slw_audit audit = {.settings = {.log_key = &signer->log_signer.key}};
    (void)snprintf(path, sizeof path, "%s/log", signer->directory);
    const struct slw_audit_source source = slw_audit_directory(path);
    const enum slw_status status = slw_audit_run(&audit, &source, &detail);
    for (size_t i = 0; status == SLW_OK && i < audit.findings_count; i++) {
        if (signer->auditors_ask == NULL ||
            strstr(audit.findings[i], signer->auditors_ask) == NULL) {
            printf("Bail out! an auditor finds: %s\n", audit.findings[i]);
            exit(EXIT_FAILURE);
        }
    }
    slw_audit_free(&audit);
}

void test_signer_close(struct test_signer *signer)
{
    test_signer_stop(signer);
    audit(signer);
    if (signer->has_spawner) {
        slw_spawner_close(&signer->spawner);
    }
    for (size_t i = 0; i < 3; i++) {
        slw_witness_close(signer->witnesses[i]);
    }
    if (signer->witness_directory[0] != '\0') {
        remove_tree(signer->witness_directory);
    }
    slw_heap_free(&signer->packet);
    slw_heap_free(&signer->request);
    slw_heap_free(&signer->metadata);
    if (signer->directory[0] != '\0') {
        remove_tree(signer->directory);
    }
}

/* --- Calls --- */

static bool turn(struct test_signer *signer, int timeout_ms)
{
    struct slw_detail detail = {""};
    enum slw_status status = slw_service_turn(signer->service, timeout_ms, &detail);
    if (status != SLW_OK && signer->socket >= 0) {
        close(signer->socket);
        signer->socket = -1;
    }
    return status == SLW_OK;
}

static void copy_text(struct slw_bytes text, char *ret_text, size_t size)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(ret_text, text.ptr, len);
    }
    ret_text[len] = '\0';
}

static bool answer_take(struct test_signer *signer)
{
    struct slw_detail detail;
    signer->packet.len = 0;
    uint8_t *room = slw_heap_reserve(&signer->packet, SLW_SIGNER_PACKET_SIZE_MAX);
    ssize_t got = recv(signer->socket, room, SLW_SIGNER_PACKET_SIZE_MAX, MSG_DONTWAIT);
    if (got <= 0 || slw_signer_answer_decode(slw_bytes_make(room, (size_t)got), &signer->answer,
                                             &detail) != SLW_OK) {
        return false;
    }
    copy_text(signer->answer.reason, signer->reason, sizeof signer->reason);
    copy_text(signer->answer.detail, signer->detail, sizeof signer->detail);
    return true;
}

bool test_hardware_add(struct slw_targets_draft *draft, unsigned count)
{
    static char names[1 + TEST_HARDWARE_MAX][20];
    bool added = count <= 1 + TEST_HARDWARE_MAX;
    for (unsigned i = 0; i < count && added; i++) {
        int len = snprintf(names[i], sizeof names[i], "lamp-%u", 1 + i);
        added = slw_targets_draft_add_hardware(draft, slw_bytes_make(names[i], (size_t)len));
    }
    return added;
}

bool test_call(struct test_signer *signer, struct slw_signer_call *call)
{
    struct slw_detail detail = {""};
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    call->number = ++signer->number;
    signer->now_ms += 40; /* so that no test runs into the limits of a second by chance */
    signer->answered = false;
    bool sent = signer->socket >= 0 &&
                slw_signer_call_send(signer->socket, call, packet, &detail) == SLW_OK;
    free(packet);
    for (int i = 0; sent && i < TURNS_MAX && !signer->answered; i++) {
        signer->answered = answer_take(signer) && signer->answer.number == call->number;
        if (!signer->answered && !turn(signer, 5)) {
            return false;
        }
    }
    return signer->answered;
}

static enum slw_status answer_status(const struct test_signer *signer)
{
    if (!signer->answered) {
        return SLW_IO_CLOSED;
    }
    return signer->reason[0] == '\0' ? SLW_OK : slw_status_from_word(signer->reason);
}

enum slw_status test_say(struct test_signer *signer, struct slw_bytes envelope)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_SUBMIT, .bytes = envelope};
    (void)test_call(signer, &call);
    return answer_status(signer);
}

static enum slw_signer_state state_now(struct test_signer *signer)
{
    /* Said again, a request answers what became of it. */
    return test_say(signer, slw_heap_bytes(&signer->request)) == SLW_IO_CLOSED
               ? 0
               : signer->answer.state;
}

/* What goes on by itself: with workers, in judges, on its way into the log. */
struct under_way {
    size_t working;
    size_t judged;
    size_t appended;
    uint64_t log_size;
};

static struct under_way look(const struct slw_service *service)
{
    return (struct under_way){slw_workers_busy(service->workers), slw_cases_judged_count(service),
                              slw_log_next_index(service->log) - slw_log_size(service->log),
                              slw_log_size(service->log)};
}

static bool is_same(const struct under_way *left, const struct under_way *right)
{
    return left->working == right->working && left->judged == right->judged &&
           left->appended == right->appended && left->log_size == right->log_size;
}

/* Turns in which nothing changes, until it is taken for settled: judges end, however late; a key or
 * a log may be held up by the test. */
static int turns_of_patience(const struct under_way *now)
{
    if (now->judged > 0) {
        return 6000;
    }
    return now->working > 0 || now->appended > 0 ? 20 : 3;
}

void test_settle(struct test_signer *signer)
{
    struct under_way former = look(signer->service);
    for (int quiet = 0; quiet < turns_of_patience(&former) && signer->socket >= 0; quiet++) {
        (void)turn(signer, 10);
        struct under_way now = look(signer->service);
        quiet = is_same(&former, &now) ? quiet : 0;
        former = now;
    }
}

enum slw_signer_state test_outcome(struct test_signer *signer)
{
    enum slw_signer_state state = 0;
    for (int i = 0; i < 6000 && (i == 0 || state == SLW_SIGNER_JUDGING); i++) {
        state = state_now(signer);
        (void)turn(signer, 5);
    }
    return state;
}

bool test_await(struct test_signer *signer, enum slw_signer_state wanted)
{
    enum slw_signer_state state = 0;
    for (int i = 0; i < 6000 && state != wanted; i++) {
        state = state_now(signer);
        (void)turn(signer, 5);
    }
    return state == wanted;
}

enum slw_status test_refusal(struct test_signer *signer)
{
    return test_outcome(signer) == SLW_SIGNER_REFUSED ? answer_status(signer) : SLW_OK;
}

enum slw_status test_blob(struct test_signer *signer, enum slw_signer_blob which,
                          struct slw_heap_buffer *ret_bytes)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_BLOB, .has_digest = true, .value = which};
    memcpy(call.digest, signer->id, sizeof call.digest);
    (void)test_call(signer, &call);
    SLW_TRY(answer_status(signer));
    slw_heap_append(ret_bytes, signer->answer.bytes);
    return SLW_OK;
}

bool test_signature_is_good(struct test_signer *signer)
{
    struct slw_heap_buffer metadata = {0};
    struct slw_heap_buffer signature = {0};
    struct slw_statement_key key;
    struct slw_detail detail = {""};
    slw_statement_key_of_public(slw_private_key_public(test_key(signer->key)), &key);
    bool good = test_blob(signer, SLW_SIGNER_METADATA, &metadata) == SLW_OK &&
                test_blob(signer, SLW_SIGNER_SIGNATURE, &signature) == SLW_OK &&
                slw_bytes_equal(slw_heap_bytes(&metadata), slw_heap_bytes(&signer->metadata)) &&
                slw_statement_key_verify(&key, slw_heap_bytes(&metadata),
                                         slw_heap_bytes(&signature), &detail) == SLW_OK;
    slw_heap_free(&metadata);
    slw_heap_free(&signature);
    return good;
}

/* --- Witnesses --- */

static bool witnesses_open(struct test_signer *signer)
{
    struct slw_detail detail = {""};
    (void)snprintf(signer->witness_directory, sizeof signer->witness_directory,
                   "/tmp/signer-witness-XXXXXX");
    if (mkdtemp(signer->witness_directory) == NULL) {
        return false;
    }
    signer->log_key = signer->log_signer.key;
    for (unsigned i = 0; i < 3; i++) {
        char *path = signer->witness_paths[i];
        char name[32];
        (void)snprintf(path, sizeof signer->witness_paths[i], "%s/%u", signer->witness_directory,
                       i);
        (void)snprintf(name, sizeof name, "witness%u.example", i + 1);
        const struct slw_witness_settings settings = {.directory = path,
                                                      .signer = &signer->witness_signers[i],
                                                      .logs = &signer->log_key,
                                                      .log_count = 1};
        if (slw_note_signer_init(test_key((enum test_party)(TEST_WITNESS1 + i)),
                                 slw_bytes_make(name, strlen(name)), SLW_NOTE_COSIGNATURE,
                                 &signer->witness_signers[i], &detail) != SLW_OK ||
            slw_witness_open(&settings, &signer->witnesses[i], &detail) != SLW_OK) {
            return false;
        }
    }
    return true;
}

/* Asks for work, and waits a little for it. */
static bool poll_work(struct test_signer *signer)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_POLL, .number = ++signer->number};
    struct slw_detail detail = {""};
    uint8_t *packet = malloc(SLW_SIGNER_PACKET_SIZE_MAX);
    bool sent = signer->socket >= 0 &&
                slw_signer_call_send(signer->socket, &call, packet, &detail) == SLW_OK;
    bool got = false;
    free(packet);
    for (int i = 0; sent && i < 20 && !got; i++) {
        if (i == 10) { /* then it is answered with nothing, or with what is retried by now */
            signer->now_ms += SLW_SIGNER_POLL_MS;
        }
        (void)turn(signer, 5);
        got = signer->socket >= 0 && answer_take(signer) && signer->answer.number == call.number;
    }
    return got;
}

static bool work_do(struct test_signer *signer, const struct slw_signer_work *work,
                    const char *name, size_t which, int64_t clock_difference_s, bool answers)
{
    struct slw_heap_buffer body = {0};
    struct slw_detail detail = {""};
    unsigned http_status = 0;
    struct slw_heap_buffer asked = {0};
    uint64_t size = work->size;
    slw_heap_append(&asked, work->body);
    if (answers && slw_witness_add_checkpoint(signer->witnesses[which], slw_heap_bytes(&asked),
                                              (uint64_t)(signer->now_utc_s + clock_difference_s),
                                              &http_status, &body, &detail) != SLW_OK) {
        http_status = 500;
    }
    struct slw_signer_call call = {.kind = SLW_SIGNER_COSIGNED,
                                   .position = size,
                                   .value = http_status,
                                   .text = slw_bytes_make(name, strlen(name)),
                                   .bytes = slw_heap_bytes(&body)};
    (void)test_call(signer, &call);
    slw_heap_free(&body);
    slw_heap_free(&asked);
    return http_status == 200;
}

size_t test_witness(struct test_signer *signer, int64_t clock_difference_s, size_t how_many)
{
    size_t cosigned = 0;
    if (signer->witnesses[0] == NULL && !witnesses_open(signer)) {
        return 0;
    }
    for (int round = 0; round < 8 && poll_work(signer); round++) {
        struct slw_heap_buffer kept = signer->packet; /* the work points into it */
        const struct slw_signer_answer answer = signer->answer;
        signer->packet = (struct slw_heap_buffer){0};
        for (size_t i = 0; i < answer.work_count; i++) {
            char name[SLW_SIGNER_TEXT_SIZE_MAX + 1] = "";
            copy_text(answer.work[i].name, name, sizeof name);
            size_t which = (size_t)(name[7] - '1');
            bool good =
                work_do(signer, &answer.work[i], name, which, clock_difference_s, which < how_many);
            cosigned += good ? 1 : 0;
        }
        slw_heap_free(&kept);
        if (answer.work_count == 0) {
            break;
        }
    }
    return cosigned;
}

/* --- Others --- */

enum slw_status test_change_policy(struct test_signer *signer, const struct test_policy *policy,
                                   const int *administrators)
{
    struct slw_heap_buffer envelope = {0};
    test_policy_envelope(policy, administrators, &envelope);
    enum slw_status status = test_say(signer, slw_heap_bytes(&envelope));
    slw_heap_free(&envelope);
    return status;
}

size_t test_signed_count(const struct test_signer *signer)
{
    size_t count = 0;
    const struct slw_book *book = &signer->service->book;
    for (size_t i = 0; i < book->list_count; i++) {
        count += book->list[i]->state == SLW_SIGNER_SIGNED ? 1 : 0;
    }
    return count;
}

bool test_copy(const struct test_signer *signer, char ret_path[static 64])
{
    char command[72];
    (void)snprintf(ret_path, 64, "/tmp/signer-copy-XXXXXX");
    if (mkdtemp(ret_path) == NULL) {
        return false;
    }
    (void)snprintf(command, sizeof command, "%s/.", signer->directory);
    pid_t child = fork();
    if (child == 0) {
        (void)execlp("cp", "cp", "-a", command, ret_path, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
