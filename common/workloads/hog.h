/* SPDX-License-Identifier: MIT */
/* The computation of hog and checkpoint, and what its heartbeat measures. */
#ifndef KIT_HOG_H
#define KIT_HOG_H

#include "work.h"
#include "workload.h"

#define HOG_INTERVAL INT64_C(1000000) /* ns from a heartbeat to the next */

/* How late heartbeats were, in ns; of a long run the first ones. */
struct hog_beats {
    int64_t *late;
    size_t count;
};

#define HOG_BEATS_MAX 100000

/* 0 or -ENOMEM. */
int hog_listen(struct hog_beats *beats);
void hog_heard(struct hog_beats *beats, int64_t late);
/* Frees them; sets the lateness in the result. */
void hog_report(struct hog_beats *beats, struct workload_result *result);

#endif
