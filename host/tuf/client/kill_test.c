/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that is killed after any of its steps, or whose disk fills up there, leaves a directory
 * from which the next refresh goes on; and what a rotation of keys has to forget is forgotten all
 * the same.
 */
#include "test_client.h"

#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum disaster { KILL, FULL_DISK };

struct trap {
    int countdown; /* events until it happens */
    enum disaster disaster;
};

static void on_event(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                     const char *text)
{
    struct trap *trap = context;
    (void)event;
    (void)name;
    (void)number;
    (void)text;
    if (--trap->countdown != 0) {
        return;
    }
    if (trap->disaster == KILL) {
        _exit(0);
    }
    const struct rlimit none = {0, 0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    (void)setrlimit(RLIMIT_FSIZE, &none);
}

/*
 * Refreshes in a child that meets with disaster at its nth event. Returns how it ended: 0 when it
 * was killed there, else 1 for success and 2 for failure.
 */
static int refresh_in_child(struct test_repository *repository, int nth, enum disaster disaster)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct trap trap = {.countdown = nth, .disaster = disaster};
        const struct slw_tuf_observer observer = {.context = &trap, .event = on_event};
        _exit(test_refresh(repository, &observer) == SLW_OK ? 1 : 2);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

static bool all_current(struct test_repository *repository)
{
    return test_is_current(repository, "root") && test_is_current(repository, "timestamp") &&
           test_is_current(repository, "snapshot") && test_is_current(repository, "targets");
}

/* Two more roots, the second with new keys for everything, and all else anew, driven back. */
static void publish_recovery(struct test_repository *repository)
{
    test_publish(repository, "root");
    test_rotate(repository, "timestamp");
    test_rotate(repository, "snapshot");
    test_publish(repository, "root");
    test_role(repository, "timestamp")->version = 1;
    test_role(repository, "snapshot")->version = 1;
    test_publish_all(repository);
}

/* The same by keys that are added, so that the old files are still good by the new root. */
static void publish_recovery_with_old_keys(struct test_repository *repository)
{
    struct slw_private_key *key = NULL;
    if (slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &test_detail) != SLW_OK) {
        abort();
    }
    test_role(repository, "timestamp")->second_key = key;
    test_publish(repository, "root");
    test_role(repository, "timestamp")->version = 1;
    test_role(repository, "snapshot")->version = 1;
    test_publish_all(repository);
}

static void start_driven_forward(struct test_repository *repository)
{
    test_start(repository, 1);
    test_role(repository, "timestamp")->version = 998;
    test_role(repository, "snapshot")->version = 998;
    test_publish_all(repository);
}

/* Disaster at each event of a recovery in turn; how many there were. */
static int recover_from_each(void (*publish)(struct test_repository *), enum disaster disaster)
{
    static struct test_repository repository;
    int happened = 0;
    for (int nth = 1; nth < 40; nth++) {
        start_driven_forward(&repository);
        bool begun = test_refresh(&repository, NULL) == SLW_OK;
        publish(&repository);
        int end = begun ? refresh_in_child(&repository, nth, disaster) : -1;
        TAP_EQUAL_INT(begun, true);
        TAP_CHECK(end >= 0);
        TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
        TAP_CHECK(all_current(&repository));
        TAP_CHECK(!test_exists(TEST_STATE "/=recovery"));
        test_repository_free(&repository);
        if (end == 1) {
            break;
        }
        happened++;
    }
    return happened;
}

static void goes_on_after_a_kill_at_each_step_of_a_recovery(void)
{
    /* Two roots, what is forgotten, timestamp, snapshot, targets. */
    TAP_EQUAL_INT(recover_from_each(publish_recovery, KILL), 6);
}

static void goes_on_after_a_kill_when_the_old_keys_are_still_good(void)
{
    TAP_EQUAL_INT(recover_from_each(publish_recovery_with_old_keys, KILL), 5);
}

static void goes_on_after_a_full_disk_at_each_step_of_a_recovery(void)
{
    TAP_CHECK(recover_from_each(publish_recovery, FULL_DISK) >= 4);
}

static void goes_on_after_a_kill_at_each_step_of_the_first_refresh(void)
{
    static struct test_repository repository;
    int happened = 0;
    for (int nth = 1; nth < 40; nth++) {
        test_start(&repository, 1);
        test_publish(&repository, "root");
        test_publish_all(&repository);
        int end = refresh_in_child(&repository, nth, KILL);
        TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
        TAP_CHECK(all_current(&repository));
        test_repository_free(&repository);
        if (end == 1) {
            break;
        }
        happened++;
    }
    TAP_EQUAL_INT(happened, 4);
}

/* A kill between the root and what it has to forget, and an attacker who then replays. */
static void an_attacker_gains_nothing_by_a_kill(void)
{
    static struct test_repository repository;
    start_driven_forward(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    struct slw_heap_buffer old = {0};
    slw_heap_append(&old, slw_heap_bytes(&test_file(&repository, "timestamp.json")->bytes));
    publish_recovery(&repository);
    TAP_EQUAL_INT(refresh_in_child(&repository, 2, KILL), 0);
    struct test_file *timestamp = test_file(&repository, "timestamp.json");
    struct slw_heap_buffer new = timestamp->bytes;
    timestamp->bytes = old;
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_BELOW_THRESHOLD);
    TAP_CHECK(!test_exists(TEST_STATE "/timestamp.json"));
    timestamp->bytes = new;
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    slw_heap_free(&old);
    test_repository_free(&repository);
}

/* The root that asks for it has itself expired: it is forgotten before that stops the refresh. */
static void an_expired_root_still_forgets(void)
{
    static struct test_repository repository;
    start_driven_forward(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    test_role(&repository, "root")->expires = TEST_LONG_AGO;
    publish_recovery_with_old_keys(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_EXPIRED);
    TAP_CHECK(!test_exists(TEST_STATE "/timestamp.json"));
    test_role(&repository, "root")->expires = TEST_LATER;
    test_publish(&repository, "root");
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(all_current(&repository));
    test_repository_free(&repository);
}

/* A note is no licence: without a new root nothing is forgotten, and rollback stays refused. */
static void a_kill_before_the_root_was_written_forgets_nothing(void)
{
    static struct test_repository repository;
    start_driven_forward(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    test_write(TEST_STATE "/=recovery", "2\n");
    test_role(&repository, "timestamp")->version = 1;
    test_publish(&repository, "timestamp");
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_ROLLBACK);
    TAP_CHECK(test_exists(TEST_STATE "/timestamp.json"));
    test_repository_free(&repository);
}

int main(void)
{
    test_begin();
    TAP_RUN(goes_on_after_a_kill_at_each_step_of_the_first_refresh);
    TAP_RUN(goes_on_after_a_kill_at_each_step_of_a_recovery);
    TAP_RUN(goes_on_after_a_kill_when_the_old_keys_are_still_good);
    TAP_RUN(goes_on_after_a_full_disk_at_each_step_of_a_recovery);
    TAP_RUN(an_attacker_gains_nothing_by_a_kill);
    TAP_RUN(an_expired_root_still_forgets);
    TAP_RUN(a_kill_before_the_root_was_written_forgets_nothing);
    test_end();
    return tap_finish();
}
