// Package journal remembers what a harness has to undo, in a file that survives
// the harness, and undoes it for one that died.
//
// Every harness process has a journal of its own in the state folder and holds
// an advisory lock on it for as long as it lives. The kernel lets go of the lock
// when the process ends, however it ends. A journal whose lock is free therefore
// belongs to nobody, and [Sweep] may undo what is still open in it.
//
// A journal is a text file, one JSON object a line:
//
//	{"record":1,"entry":{"kind":"process","name":"4711","detail":"…"}}
//	{"done":1}
//
// Each line is one write, so a kill at any moment leaves whole lines and at most
// one torn one at the end. What a torn line would have announced was not yet
// begun, because it is begun only once the line is written.
package journal
