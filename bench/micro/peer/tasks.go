// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"time"
)

// yield: two goroutines; each Gosched is a switch.
func yield(o order) {
	perOperation(o.slice, func(count int) {
		var both sync.WaitGroup
		both.Add(2)
		for g := 0; g < 2; g++ {
			go func() {
				for i := 0; i < count/2+1; i++ {
					runtime.Gosched()
				}
				both.Done()
			}()
		}
		both.Wait()
	})
}

// spawn: a goroutine that does nothing, and waiting for it.
func spawn(o order) {
	done := make(chan struct{})
	perOperation(o.slice, func(count int) {
		for i := 0; i < count; i++ {
			go func() { done <- struct{}{} }()
			<-done
		}
	})
}

func mutexFree(o order) {
	var m sync.Mutex
	perOperation(o.slice, func(count int) {
		for i := 0; i < count; i++ {
			m.Lock()
			//lint:ignore SA2001 the lock alone is measured
			m.Unlock()
		}
	})
}

// mutexHandover: two goroutines want it, and each lets the other run while it
// has it: so every Unlock finds the other waiting.
func mutexHandover(o order) {
	var m sync.Mutex
	perOperation(o.slice, func(count int) {
		var both sync.WaitGroup
		both.Add(2)
		for g := 0; g < 2; g++ {
			go func() {
				for i := 0; i < count/2+1; i++ {
					m.Lock()
					runtime.Gosched()
					m.Unlock()
				}
				both.Done()
			}()
		}
		both.Wait()
	})
}

func cpuTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sleepers: A of them, each until a moment of its own; the CPU time of each.
func sleepers(o order) {
	var ready, awake sync.WaitGroup
	start := make(chan struct{})
	ready.Add(o.a)
	awake.Add(o.a)
	var begin time.Time
	window := int64(o.a) * 1000
	for i := 0; i < o.a; i++ {
		go func(wake time.Duration) {
			ready.Done()
			<-start
			time.Sleep(wake - time.Since(begin))
			awake.Done()
		}(time.Duration(window + 1 + rand.Int63n(window)))
	}
	ready.Wait()
	cpu := cpuTime()
	begin = time.Now()
	close(start)
	awake.Wait()
	fmt.Println(float64(cpuTime()-cpu) / float64(o.a))
}

// sieve: of A primes; each filter is a goroutine, channels of capacity B.
func sieve(o order) {
	once(func() {
		ch := make(chan int, o.b)
		go func(out chan<- int) {
			for n := 2; ; n++ {
				out <- n
			}
		}(ch)
		for i := 0; i < o.a; i++ {
			prime := <-ch
			next := make(chan int, o.b)
			go func(in <-chan int, out chan<- int, prime int) {
				for n := range in {
					if n%prime != 0 {
						out <- n
					}
				}
			}(ch, next, prime)
			ch = next
		}
	})
}

func skynetNode(out chan<- int, first, leaves int) {
	if leaves == 1 {
		out <- first
		return
	}
	in := make(chan int, 10)
	part := leaves / 10
	for i := 0; i < 10; i++ {
		go skynetNode(in, first+i*part, part)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-in
	}
	out <- sum
}

// skynet: a tree with A leaves, a power of ten.
func skynet(o order) {
	once(func() {
		out := make(chan int, 1)
		go skynetNode(out, 0, o.a)
		if sum := <-out; sum != o.a*(o.a-1)/2 {
			fail("the sum is %d", sum)
		}
	})
}

// threadring: A goroutines pass a token, as often as the slice allows.
func threadring(o order) {
	first := make(chan int)
	done := make(chan struct{})
	in := first
	for i := 0; i < o.a; i++ {
		out := first
		if i < o.a-1 {
			out = make(chan int)
		}
		go func(in <-chan int, out chan<- int) {
			for {
				token := <-in
				if token == 0 {
					done <- struct{}{}
				} else {
					out <- token - 1
				}
			}
		}(in, out)
		in = out
	}
	perOperation(o.slice, func(count int) {
		first <- count
		<-done
	})
}
