// Package history holds what happened in a run: the totally ordered events of
// its clients and of its nemesis, how they are recorded while the run goes on,
// sealed when it is over, and read back, ours or Jepsen's.
//
// A [Recorder] has one [Lane] per worker, a file lane-NNN.jsonl each. A line is
// an event:
//
//	{"t":1203,"type":"invoke","process":3,"f":"write","key":"k1","value":7,"node":"n1","ref":"w3.117"}
//
// t is the stamp of the run's [Clock] in nanoseconds; type is invoke, ok, fail,
// unknown, nemesis or phase; fields that are empty are left out. A number with
// a fraction or an exponent is a float64 and any other an int64. Bytes that are
// not UTF-8 are written as \udcNN.
//
// [Seal] merges the lanes into one compressed file with a hash chain, and
// [ReadDir] reads either. Both stand a harness that was killed at any byte.
//
// The package knows nothing of the rest of the harness, so that checkers which
// import it alone work on anybody's histories.
package history
