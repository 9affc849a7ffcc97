// SPDX-License-Identifier: MIT

package main

// What selectReady does with its channels.
const (
	allReady = iota
	noneReady
	oneWakes
)

// selectReady: a select over A receives. B says whether all of them can be
// done at once (what came is sent back), or none (there is a default), or
// whether another goroutine sends on one of them after the other. The
// statements themselves, of 1, 2, 8 and 64 cases, are made by the build.
func selectReady(o order) {
	wait, found := selectOf[o.a]
	if !found {
		fail("there is no select of %d cases", o.a)
	}
	channels := make([]chan uint64, o.a)
	for i := range channels {
		channels[i] = make(chan uint64, 1-o.b/oneWakes)
	}
	switch o.b {
	case allReady:
		selectAll(o, channels, wait)
	case noneReady:
		try := trySelectOf[o.a]
		perOperation(o.slice, func(count int) {
			for i := 0; i < count; i++ {
				try(channels)
			}
		})
	case oneWakes:
		selectOne(o, channels, wait)
	}
}

func selectAll(o order, channels []chan uint64, wait func([]chan uint64) int) {
	for i := range channels {
		channels[i] <- 1
	}
	perOperation(o.slice, func(count int) {
		for i := 0; i < count; i++ {
			channels[wait(channels)] <- 1
		}
	})
}

func selectOne(o order, channels []chan uint64, wait func([]chan uint64) int) {
	perOperation(o.slice, func(count int) {
		go func() {
			for i := 0; i < count; i++ {
				channels[i%o.a] <- 1
			}
		}()
		for i := 0; i < count; i++ {
			wait(channels)
		}
	})
}
