// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Items until a producer looks whether the slice is over.
const chunk = 64

// With more of them a slice is so much longer: each should get some turns.
const stretch = 6

type consumed struct {
	items, sum uint64
	_          [112]byte // on cache lines of its own
}

// channel: capacity B, from A producers to as many consumers. Prints the
// evenness, too: what the least served consumer got of what the most served
// one did.
func channel(o order) {
	ch := make(chan uint64, o.b)
	var over uint32
	var sent, sentSum uint64
	var producers, consumers sync.WaitGroup
	got := make([]consumed, o.a)
	producers.Add(o.a)
	consumers.Add(o.a)
	if o.a > 1 {
		o.slice *= stretch
	}
	begin := time.Now()
	for i := 0; i < o.a; i++ {
		go func() {
			var item, sum uint64
			for atomic.LoadUint32(&over) == 0 {
				for n := 0; n < chunk; n++ {
					item++
					sum += item
					ch <- item
				}
				if time.Since(begin) > o.slice {
					atomic.StoreUint32(&over, 1)
				}
			}
			atomic.AddUint64(&sent, item)
			atomic.AddUint64(&sentSum, sum)
			producers.Done()
		}()
		go func(c *consumed) {
			for item := range ch {
				c.items++
				c.sum += item
			}
			consumers.Done()
		}(&got[i])
	}
	producers.Wait()
	close(ch)
	consumers.Wait()
	took := time.Since(begin)
	least, most := got[0].items, uint64(1)
	for i := range got {
		sent -= got[i].items
		sentSum -= got[i].sum
		if got[i].items < least {
			least = got[i].items
		}
		if got[i].items > most {
			most = got[i].items
		}
	}
	if sent != 0 || sentSum != 0 {
		fail("items were lost")
	}
	total := uint64(0)
	for i := range got {
		total += got[i].items
	}
	fmt.Println(float64(took.Nanoseconds())/float64(total),
		float64(least)/float64(most))
}
