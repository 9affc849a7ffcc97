/* SPDX-License-Identifier: MIT */
/* For those who make a kind of scheduler, not for those who use one. */
#ifndef KIT_FAULT_H
#define KIT_FAULT_H

#include <kit/base.h>

#include <signal.h>

/* A signal by which the kernel says what an instruction has done. When its
   handler returns, that is done again, and so on for ever. */
static inline bool kit_is_fault(int signal_number)
{
    return signal_number == SIGSEGV || signal_number == SIGBUS ||
           signal_number == SIGFPE || signal_number == SIGILL ||
           signal_number == SIGTRAP;
}

#endif
