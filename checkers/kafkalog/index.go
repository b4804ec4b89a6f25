package kafkalog

// index numbers the offsets of a partition. Most begin at 0 and have few gaps.
type index struct {
	// dense has the numbers of small offsets, plus one; sparse those of others.
	dense  []int32
	sparse map[int64]int32
	len    int64
}

// find returns the number of an offset, which it gives it if it has none.
func (x *index) find(offset int64, fresh int32) int32 {
	if offset >= 0 && offset < int64(len(x.dense)) {
		if at := &x.dense[offset]; *at != 0 {
			return *at - 1
		}
	}
	if number, known := x.sparse[offset]; known {
		return number
	}
	x.len++
	if offset >= 0 && offset < 4*x.len+16 {
		for offset >= int64(len(x.dense)) {
			x.dense = append(x.dense, make([]int32, len(x.dense)+16)...)
		}
		x.dense[offset] = fresh + 1
		return fresh
	}
	if x.sparse == nil {
		x.sparse = make(map[int64]int32)
	}
	x.sparse[offset] = fresh
	return fresh
}
