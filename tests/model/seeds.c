/* SPDX-License-Identifier: MIT */
/*
 * The checker finds mistakes: each seed is a copy of the sources with one of
 * them, for which one scenario has to fail in the way that is said here, and
 * the schedule that is printed has to fail again.
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { LINE_BYTES = 40000 };

struct output {
    char text[LINE_BYTES];
    int status;
};

/* The end of what the checker with a seed prints. */
static void run_checker(const char *seed, const char *option,
                        const char *scenario, struct output *output)
{
    char command[LINE_BYTES];
    size_t length = 0;
    snprintf(command, sizeof command, "exec %s/model-seed-%s %s '%s'",
             SEEDS_FOLDER, seed, option, scenario);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    length = fread(output->text, 1, sizeof output->text - 1, pipe);
    output->text[length] = '\0';
    int status = pclose(pipe);
    output->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void finds(const char *seed, const char *scenario, const char *fault)
{
    static struct output first, again;
    char expected[64];
    snprintf(expected, sizeof expected, ": %s: ", fault);
    run_checker(seed, "", scenario, &first);
    printf("%s: %s", seed, first.text);
    fflush(stdout);
    ck_assert_int_eq(first.status, 1);
    ck_assert_ptr_nonnull(strstr(first.text, expected));

    char *schedule = strstr(first.text, "--replay=");
    ck_assert_ptr_nonnull(schedule);
    schedule[strcspn(schedule, "\n")] = '\0';
    run_checker(seed, schedule, scenario, &again);
    ck_assert_int_eq(again.status, 1);
    snprintf(expected, sizeof expected, "\n%s: ", fault);
    ck_assert_ptr_nonnull(strstr(again.text, expected));
}

START_TEST (a_missing_look_after_the_announcement_is_found) {
    finds("no-second-look", "ring of 1: 1 to 1", "deadlock");
}
END_TEST

START_TEST (a_wake_up_before_the_store_is_found) {
    finds("wake-before-store", "ring of 1: 1 to 1", "deadlock");
}
END_TEST

START_TEST (an_announcement_after_the_last_look_is_found) {
    finds("late-announcement", "ring of 1: 1 to 1", "deadlock");
}
END_TEST

START_TEST (an_operation_that_two_do_is_found) {
    finds("tried-in-queue", "ring of 1: 1 to 1", "wrong");
}
END_TEST

START_TEST (an_operation_done_for_another_in_silence_is_found) {
    finds("served-in-silence", "ring of 1: 1 to 2", "deadlock");
}
END_TEST

START_TEST (a_close_that_wakes_only_one_is_found) {
    finds("close-wakes-one", "rendezvous: 1 to 2, close", "deadlock");
}
END_TEST

START_TEST (a_missing_fence_of_the_notifier_is_found) {
    finds("no-fence", "ring of 1: late stores, no membarrier", "deadlock");
}
END_TEST

START_TEST (a_missing_membarrier_of_the_waiter_is_found) {
    finds("no-membarrier", "ring of 4: late stores", "deadlock");
}
END_TEST

START_TEST (a_close_between_two_looks_of_the_sender_is_found) {
    finds("no-look-after-send", "single of 2: close", "wrong");
}
END_TEST

START_TEST (a_last_element_that_is_not_settled_is_found) {
    finds("not-settled", "single of 2: close", "wrong");
}
END_TEST

START_TEST (a_stream_that_ends_before_its_last_element_is_found) {
    finds("last-left-behind", "single of 2: close", "wrong");
}
END_TEST

START_TEST (an_element_that_is_refused_but_counted_is_found) {
    finds("refused-but-counted", "single of 2: close", "wrong");
}
END_TEST

START_TEST (an_end_without_fence_is_found) {
    finds("end-without-fence", "single of 4: close, late stores", "wrong");
}
END_TEST

START_TEST (a_close_that_forgets_the_senders_is_found) {
    finds("close-forgets-senders", "rendezvous: close", "deadlock");
}
END_TEST

START_TEST (a_close_of_a_ring_that_forgets_the_senders_is_found) {
    finds("ring-close-forgets-senders", "ring of 1: close, unread", "deadlock");
}
END_TEST

START_TEST (a_close_of_a_single_ring_that_forgets_the_sender_is_found) {
    finds("single-close-forgets-sender", "single of 1: close, unread",
          "deadlock");
}
END_TEST

START_TEST (an_end_that_nobody_passes_on_is_found) {
    finds("end-kept", "ring of 1: 1 to 3, close", "deadlock");
}
END_TEST

START_TEST (room_that_nobody_passes_on_is_found) {
    finds("room-kept", "ring of 2: 2 to 2, full, half unread", "deadlock");
}
END_TEST

START_TEST (a_lock_given_back_between_look_and_queue_is_found) {
    finds("check-without-lock", "rendezvous: 1 to 1", "deadlock");
}
END_TEST

START_TEST (a_token_posted_without_claim_is_found) {
    finds("token-without-claim", "semaphore: acquire, release", "wrong");
}
END_TEST

START_TEST (an_event_set_after_waking_is_found) {
    finds("set-after-waking", "event: two wait, one sets", "deadlock");
}
END_TEST

START_TEST (two_owners_of_a_mutex_are_found) {
    finds("two-owners", "mutex: two lock, one tries", "wrong");
}
END_TEST

START_TEST (a_woken_thread_that_keeps_others_from_being_woken_is_found) {
    finds("woken-for-good", "mutex: two lock twice, one once", "wrong");
}
END_TEST

START_TEST (a_mutex_that_is_handed_over_to_nobody_is_found) {
    finds("handed-to-nobody", "mutex: the same for long", "deadlock");
}
END_TEST

START_TEST (a_thread_that_queues_up_in_silence_is_found) {
    finds("queued-in-silence", "mutex: two lock, one tries", "deadlock");
}
END_TEST

START_TEST (a_wake_up_that_crosses_a_deadline_and_gets_lost_is_found) {
    finds("wake-up-ignored", "semaphore: acquire until, release", "wrong");
}
END_TEST

START_TEST (a_cancellation_that_gets_lost_is_found) {
    finds("poke-before-cancel", "sleep: cancel, interrupt", "deadlock");
}
END_TEST

START_TEST (a_lock_released_in_two_steps_is_found) {
    finds("release-in-two-steps", "mutex: two lock", "deadlock");
}
END_TEST

START_TEST (a_signal_that_its_waiter_overwrites_is_found) {
    finds("signal-overwritten", "lock-step: next", "deadlock");
}
END_TEST

START_TEST (an_answer_after_the_hand_off_is_found) {
    finds("answer-after-hand-off", "lock-step: next", "wrong");
}
END_TEST

START_TEST (a_generator_claimed_in_two_steps_is_found) {
    finds("claim-in-two-steps", "lock-step: two callers", "deadlock");
}
END_TEST

START_TEST (a_generator_asked_in_secret_is_found) {
    finds("asked-in-secret", "run-ahead: asked by a lock-step inner", "wrong");
}
END_TEST

START_TEST (a_joiner_that_an_ending_task_misses_is_found) {
    finds("end-in-two-steps", "join: one", "deadlock");
}
END_TEST

START_TEST (a_missing_last_look_of_a_select_is_found) {
    finds("select-without-last-look", "select ring of 1: receive", "deadlock");
}
END_TEST

START_TEST (a_wake_up_that_a_select_does_not_use_is_found) {
    finds("select-keeps-wake-up", "select ring of 1: competing receiver",
          "wrong");
}
END_TEST

START_TEST (a_select_that_two_meet_is_found) {
    finds("select-met-twice", "select rendezvous: receive", "wrong");
}
END_TEST

START_TEST (a_select_that_meets_two_is_found) {
    finds("select-meets-twice", "select rendezvous: receive", "wrong");
}
END_TEST

START_TEST (two_selects_that_lock_each_other_out_are_found) {
    finds("selects-locked-in-any-order", "select rendezvous: opposite orders",
          "deadlock");
}
END_TEST

START_TEST (a_select_that_gives_up_what_it_was_given_is_found) {
    finds("select-gives-up-unasked", "select rendezvous: deadline", "wrong");
}
END_TEST

START_TEST (a_wake_up_that_a_stale_record_takes_is_found) {
    finds("stale-record-takes-wake-up", "select ring of 1: competing receiver",
          "wrong");
}
END_TEST

START_TEST (a_select_that_enters_a_closed_channel_is_found) {
    finds("select-enters-closed", "select rendezvous: close", "deadlock");
}
END_TEST

START_TEST (a_worker_that_sleeps_beside_a_job_is_found) {
    finds("worker-looks-too-early", "pool: one job", "deadlock");
}
END_TEST

START_TEST (a_worker_that_naps_beside_a_job_for_ever_is_found) {
    finds("worker-naps-for-ever", "pool: a job lets another go on", "deadlock");
}
END_TEST

START_TEST (a_wait_for_a_job_that_its_end_misses_is_found) {
    finds("job-waited-in-secret", "pool: one job", "deadlock");
}
END_TEST

START_TEST (a_submission_that_a_worker_takes_for_anothers_is_found) {
    finds("submission-not-awaited",
          "pool: a job waits for one that is being submitted", "deadlock");
}
END_TEST

START_TEST (a_member_that_its_cancellation_misses_is_found) {
    finds("member-canceled-too-early", "group: the first failure cancels",
          "deadlock");
}
END_TEST

START_TEST (a_member_that_is_canceled_after_its_end_is_found) {
    finds("member-stays-listed", "group: both fail and cancel", "gone");
}
END_TEST

START_TEST (a_group_that_is_freed_under_who_waits_is_found) {
    finds("group-freed-under-who-waits", "group: destroy beside who waits",
          "gone");
}
END_TEST

START_TEST (a_bias_that_is_ended_without_a_barrier_is_found) {
    finds("bias-ended-without-barrier",
          "run-ahead of 4: two callers, late stores", "wrong");
}
END_TEST

START_TEST (a_bias_that_is_given_while_it_is_ended_is_found) {
    finds("bias-ended-unseen", "run-ahead of 4: two callers", "wrong");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {
        a_missing_look_after_the_announcement_is_found,
        a_wake_up_before_the_store_is_found,
        an_announcement_after_the_last_look_is_found,
        an_operation_that_two_do_is_found,
        an_operation_done_for_another_in_silence_is_found,
        a_close_that_wakes_only_one_is_found,
        a_missing_fence_of_the_notifier_is_found,
        a_missing_membarrier_of_the_waiter_is_found,
        a_close_between_two_looks_of_the_sender_is_found,
        a_last_element_that_is_not_settled_is_found,
        a_stream_that_ends_before_its_last_element_is_found,
        an_element_that_is_refused_but_counted_is_found,
        an_end_without_fence_is_found,
        a_close_that_forgets_the_senders_is_found,
        a_close_of_a_ring_that_forgets_the_senders_is_found,
        a_close_of_a_single_ring_that_forgets_the_sender_is_found,
        an_end_that_nobody_passes_on_is_found,
        room_that_nobody_passes_on_is_found,
        a_lock_given_back_between_look_and_queue_is_found,
        a_token_posted_without_claim_is_found,
        an_event_set_after_waking_is_found,
        two_owners_of_a_mutex_are_found,
        a_woken_thread_that_keeps_others_from_being_woken_is_found,
        a_mutex_that_is_handed_over_to_nobody_is_found,
        a_thread_that_queues_up_in_silence_is_found,
        a_wake_up_that_crosses_a_deadline_and_gets_lost_is_found,
        a_cancellation_that_gets_lost_is_found,
        a_lock_released_in_two_steps_is_found,
        a_signal_that_its_waiter_overwrites_is_found,
        an_answer_after_the_hand_off_is_found,
        a_generator_claimed_in_two_steps_is_found,
        a_generator_asked_in_secret_is_found,
        a_joiner_that_an_ending_task_misses_is_found,
        a_missing_last_look_of_a_select_is_found,
        a_wake_up_that_a_select_does_not_use_is_found,
        a_select_that_two_meet_is_found,
        a_select_that_meets_two_is_found,
        two_selects_that_lock_each_other_out_are_found,
        a_select_that_gives_up_what_it_was_given_is_found,
        a_wake_up_that_a_stale_record_takes_is_found,
        a_select_that_enters_a_closed_channel_is_found,
        a_worker_that_sleeps_beside_a_job_is_found,
        a_worker_that_naps_beside_a_job_for_ever_is_found,
        a_wait_for_a_job_that_its_end_misses_is_found,
        a_submission_that_a_worker_takes_for_anothers_is_found,
        a_member_that_its_cancellation_misses_is_found,
        a_member_that_is_canceled_after_its_end_is_found,
        a_group_that_is_freed_under_who_waits_is_found,
        a_bias_that_is_ended_without_a_barrier_is_found,
        a_bias_that_is_given_while_it_is_ended_is_found,
        NULL,
    };
    return run_suite("model seeds", 60, tests);
}
