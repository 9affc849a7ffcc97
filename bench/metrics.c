/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "bench.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int metrics_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        failure("cannot write metrics to '%s': %s", path, strerror(errno));
    return fd;
}

static json_t *integer(uint64_t n)
{
    return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* Every parameter; some have a name of their own here. */
static void set_parameters(json_t *o, struct workload_params params)
{
    const char *name;
    for (size_t i = 0; (name = parameter_name(i)); i++) {
        const char *key = strcmp(name, "items") == 0      ? "size"
                          : strcmp(name, "work") == 0     ? "work_ns"
                          : strcmp(name, "blocking") == 0 ? "blocking_us"
                                                          : name;
        json_object_set_new(o, key, integer(*parameter_in(&params, name)));
    }
}

static void set_identity(json_t *o, const struct run_report *r)
{
    const struct workload_params *p = r->params;
    char checksum[24];
    snprintf(checksum, sizeof checksum, "0x%016" PRIx64, r->result->checksum);
    json_object_set_new(o, "workload", json_string(r->workload->name));
    json_object_set_new(o, "arm", json_string(r->arm->name));
    json_object_set_new(o, "policy", json_string(policy_name(r->arm->policy)));
    json_object_set_new(o, "mechanism", json_string(arm_mechanism(r->arm)));
    json_object_set_new(o, "wait", json_string(arm_wait(r->arm)));
    json_object_set_new(o, "form", json_string(arm_form(r->arm, p)));
    json_object_set_new(o, "placement", json_string(r->placement));
    json_object_set_new(o, "items", integer(r->result->items));
    json_object_set_new(o, "unit", json_string(r->workload->unit));
    set_parameters(o, *p);
    json_object_set_new(o, "checksum", json_string(checksum));
    json_object_set_new(o, "verified", json_true());
}

static void set_usage(json_t *o, const struct usage *u)
{
    json_object_set_new(o, "wall_ns", json_integer(u->wall_ns));
    json_object_set_new(o, "user_ns", json_integer(u->user_ns));
    json_object_set_new(o, "system_ns", json_integer(u->system_ns));
    json_object_set_new(o, "voluntary_switches",
                        json_integer(u->voluntary_switches));
    json_object_set_new(o, "involuntary_switches",
                        json_integer(u->involuntary_switches));
    json_object_set_new(o, "migrations",
                        u->migrations < 0 ? json_null()
                                          : json_integer(u->migrations));
    json_object_set_new(o, "minor_faults", json_integer(u->minor_faults));
    json_object_set_new(o, "peak_rss_bytes", json_integer(u->peak_rss_bytes));
}

static void append(int fd, const char *path, const char *line, size_t length)
{
    struct stat status;
    bool can_undo = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    ssize_t wrote = write(fd, line, length);
    int error = wrote < 0 ? errno : ENOSPC;
    if (wrote == (ssize_t)length)
        return;
    /* Without half a line: the file is as it was. */
    if (wrote > 0 && can_undo && ftruncate(fd, status.st_size) != 0)
        error = errno;
    failure("cannot write metrics to '%s': %s", path, strerror(error));
}

/* null: not measured. */
static json_t *figure(double x)
{
    return x > 0 ? json_real(x) : json_null();
}

static json_t *beat(const struct workload_result *result, int64_t late_ns)
{
    return result->beats ? json_integer(late_ns) : json_null();
}

static void set_service(json_t *o, const struct workload_result *result)
{
    json_object_set_new(o, "fairness_turns", figure(result->fairness_turns));
    json_object_set_new(o, "fairness_work", figure(result->fairness_work));
    json_object_set_new(o, "violations",
                        result->exposed ? integer(result->violations)
                                        : json_null());
    json_object_set_new(o, "others", integer(result->others));
    json_object_set_new(o, "others_ns",
                        result->others ? json_integer(result->others_ns)
                                       : json_null());
    json_object_set_new(o, "beats", integer(result->beats));
    json_object_set_new(o, "late_median_ns",
                        beat(result, result->late_median_ns));
    json_object_set_new(o, "late_p99_ns", beat(result, result->late_p99_ns));
    json_object_set_new(o, "late_max_ns", beat(result, result->late_max_ns));
}

void metrics_append(int fd, const char *path, const struct run_report *r)
{
    json_t *o = json_object();
    set_identity(o, r);
    set_usage(o, &r->usage);
    set_service(o, r->result);
    char *text = json_dumps(o, JSON_COMPACT);
    char *line = NULL;
    int length = text ? asprintf(&line, "%s\n", text) : -1;
    if (length < 0)
        failure("out of memory for the metrics");
    append(fd, path, line, (size_t)length);
    if (close(fd) != 0)
        failure("cannot write metrics to '%s': %s", path, strerror(errno));
    free(line);
    free(text);
    json_decref(o);
}
