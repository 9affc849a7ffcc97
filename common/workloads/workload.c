/* SPDX-License-Identifier: MIT */
/* The sequential arm, and opening the links of a chain. */
#include "workload.h"

#include <stdio.h>
#include <string.h>

int workload_fail(struct workload_result *result, int error, const char *what)
{
    snprintf(result->error, sizeof result->error, "%s: %s", what,
             kit_error_text(error));
    return error;
}

int workload_open(const struct workload_algorithm *algorithm, size_t index,
                  struct workload_link *link,
                  const struct workload_params *params,
                  struct workload_result *result, kit_iter *in)
{
    memset(link, 0, sizeof *link);
    link->params = params;
    link->result = result;
    link->in = in;
    return algorithm->stages[index].open(link);
}

void workload_close(const struct workload_algorithm *algorithm, size_t index,
                    struct workload_link *link)
{
    if (algorithm->stages[index].close)
        algorithm->stages[index].close(link);
}

static int run_chain(const struct workload_algorithm *algorithm,
                     const struct workload_params *params,
                     struct workload_result *result)
{
    struct workload_link links[WORKLOAD_STAGES_MAX];
    kit_iter *in = NULL;
    size_t opened = 0;
    int error = 0;
    while (!error && opened < algorithm->stage_count) {
        error = workload_open(algorithm, opened, &links[opened], params, result,
                              in);
        in = &links[opened++].iter;
    }
    if (!error)
        error = algorithm->consume(in, params, result);
    while (opened > 0) {
        opened--;
        workload_close(algorithm, opened, &links[opened]);
    }
    return error;
}

int workload_run_sequential(const struct workload_algorithm *algorithm,
                            const struct workload_params *params,
                            struct workload_result *result)
{
    if (algorithm->sequential)
        return algorithm->sequential(params, result);
    return run_chain(algorithm, params, result);
}
