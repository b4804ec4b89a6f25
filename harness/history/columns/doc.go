// Package columns is a history as checkers like to run over it: a column of
// numbers per field of the operations, in the order of events, with
// dictionaries for what the numbers stand for. Ten million operations of a
// register take about half a gigabyte, against four as [history.Operation].
//
// [Of] makes the columns of a history. [Load] gets those of a run's folder from
// the file history.columns beside the sealed history, and writes that file if
// it is not there.
//
// # The file
//
// The text of a history is the evidence; the file only saves parsing it again.
// It begins with the SHA-256 of the sealed history's bytes that it was made
// from, and is ignored, and made anew, if that or its version does not fit.
// Whoever can write into the folder can forge it, checksums and all: to judge
// what strangers send, remove it first.
//
// All numbers are little-endian. The file is
//
//	"TERTIUM COLUMNS\n"
//	version            4 bytes, now 2
//	hash               32 bytes
//	sections           until the end of the file
//
// and a section is
//
//	number             4 bytes: 0, 1, 2 … in the order below
//	width              4 bytes: 0, 1, 2, 4 or 8
//	count              8 bytes
//	entries            count numbers of width bytes; of width 0, all are zero
//	checksum           4 bytes: CRC-32C of the section so far
//
// The sections are torn (text); events; processes; for each of the dictionaries
// functions, keys, idems, nodes, phases, errors, the texts of values and those of
// details, its text and the ends of its names; kinds, words and parts of values,
// and of details; outcomes; the columns f, key, idem, node, phase, in, out,
// error, process; by how much the time of each event is above that of the one
// before, in nanoseconds; the completions with unknown outcome; and the events
// that are not about operations, with what they tell among the details.
package columns
