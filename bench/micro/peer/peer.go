// SPDX-License-Identifier: MIT

// Peer is Go beside the kit: the same figures, measured by Go itself.
//
//	peer-go MEASUREMENT PROCS A B SLICE
//
// PROCS is GOMAXPROCS, A and B are the measurement's numbers, SLICE is about
// how long it takes, in nanoseconds. Prints nanoseconds per operation, or how
// many milliseconds it took, and where there is one a second figure.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type order struct {
	a, b  int
	slice time.Duration
}

var measurements = map[string]func(order){
	"yield":      yield,
	"spawn":      spawn,
	"channel":    channel,
	"select":     selectReady,
	"mutex":      mutexFree,
	"handover":   mutexHandover,
	"sleepers":   sleepers,
	"sieve":      sieve,
	"skynet":     skynet,
	"threadring": threadring,
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "peer-go: "+format+"\n", args...)
	os.Exit(1)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		fail("%v", err)
	}
	return n
}

// perOperation runs more and more operations until that takes a slice, and
// prints what one took.
func perOperation(slice time.Duration, run func(count int)) {
	for count := 1; ; count *= 2 {
		begin := time.Now()
		run(count)
		took := time.Since(begin)
		if took >= slice/2 {
			fmt.Println(float64(took.Nanoseconds()) / float64(count))
			return
		}
	}
}

func usage() syscall.Rusage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fail("%v", err)
	}
	return u
}

// once prints how many milliseconds it took, and the most memory that was resident.
func once(run func()) {
	begin := time.Now()
	run()
	took := time.Since(begin)
	fmt.Println(took.Seconds()*1000, usage().Maxrss*1024)
}

func main() {
	if len(os.Args) != 6 {
		fail("MEASUREMENT PROCS A B SLICE are wanted")
	}
	measure, found := measurements[os.Args[1]]
	if !found {
		fail("there is no measurement %q", os.Args[1])
	}
	runtime.GOMAXPROCS(number(os.Args[2]))
	measure(order{number(os.Args[3]), number(os.Args[4]),
		time.Duration(number(os.Args[5]))})
}
