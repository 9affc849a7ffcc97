/* SPDX-License-Identifier: MIT */
/* Words for people: names of errors and states; the last words. */
#include <kit/value.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *kit_error_name(int error)
{
    const char *name = strerrorname_np(error < 0 ? -error : error);
    return name ? name : "EUNKNOWN";
}

const char *kit_error_text(int error)
{
    switch (error < 0 ? -error : error) {
    case EBUSY:
        return "it is running, or in use, at this moment";
    case EPROTO:
        return "an object broke the iterator protocol";
    case EPIPE:
        return "the channel is closed";
    case EDEADLK:
        return "nothing can run, and nothing can wake it";
    case ECANCELED:
        return "cancelled";
    default: {
        const char *text = strerrordesc_np(error < 0 ? -error : error);
        return text ? text : "an unknown error";
    }
    }
}

const char *kit_state_name(enum kit_state state)
{
    static const char *const names[] = {"yielded", "done", "failed"};
    return (unsigned)state <= KIT_FAILED ? names[state] : "malformed";
}

const char *kit_how_name(enum kit_how how)
{
    static const char *const names[] = {"next", "throw", "return"};
    return (unsigned)how <= KIT_RETURN ? names[how] : "malformed";
}

void kit_misuse(const char *function, const char *what)
{
    fprintf(stderr, "schedkit: %s: %s\n", function, what);
    abort();
}
