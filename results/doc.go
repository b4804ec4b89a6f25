// Package results turns what a run left behind into something that people and
// machines act on.
//
// [Judge] is the heart: from the plan, the history and the reports of the
// checkers it makes a [Result], purely, so that the same folder gives the same
// bytes years later. All outputs derive from a Result and a history:
// [Summary] for a terminal, [WriteJUnit] for a build server, the report package
// for a browser. A [Folder] keeps them beside the evidence.
//
// Whatever a system under test returned is hostile text until it has been
// through [Printable] or an encoder that escapes.
package results
