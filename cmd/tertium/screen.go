package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/results"
)

const (
	// tick is how often a terminal's progress line is drawn, and heartbeat how
	// often a line is written where there is no terminal.
	tick      = 500 * time.Millisecond
	heartbeat = 10 * time.Second
	// glance is how often it is looked for violations.
	glance = 50 * time.Millisecond
)

// screen is what a user sees of a run: progress on errors' stream, the result
// on the output.
type screen struct {
	out, err io.Writer
	json     bool
	quiet    bool
}

func newScreen(out, err io.Writer, asJSON, quiet bool) screen {
	return screen{out, err, asJSON, quiet}
}

// notice tells something that the user should know at once.
func (s screen) notice(text string) {
	if !s.quiet {
		fmt.Fprintf(s.err, "%stertium: %s\n", s.clear(), text)
	}
}

// clear starts the line anew where a progress line may stand.
func (s screen) clear() string {
	if _, terminal := terminalWidth(s.err); terminal {
		return "\r\x1b[K"
	}
	return ""
}

// progress shows how a run goes on until the returned function is called.
func (s screen) progress(p *harness.Progress) (finished func()) {
	if s.quiet {
		return func() {}
	}
	width, terminal := terminalWidth(s.err)
	every := heartbeat
	if terminal {
		every = tick
	}
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		glances := time.NewTicker(glance)
		defer glances.Stop()
		last, lastTime := p.Snapshot(), time.Now()
		told := 0
		for {
			select {
			case <-done:
				s.violations(p, told)
				fmt.Fprint(s.err, s.clear())
				return
			case <-glances.C:
				told = s.violations(p, told)
			case now := <-ticker.C:
				snapshot := p.Snapshot()
				line := progressLine(snapshot, last, now.Sub(lastTime))
				last, lastTime = snapshot, now
				if terminal {
					fmt.Fprint(s.err, s.clear()+line[:min(len(line), width-1)])
				} else {
					fmt.Fprintln(s.err, line)
				}
			}
		}
	}()
	return func() {
		close(done)
		<-over
	}
}

// violations tells those that were not told yet, and returns how many there are.
func (s screen) violations(p *harness.Progress, told int) int {
	all := p.Violations()
	for _, v := range all[told:] {
		fmt.Fprintf(s.err, "%s%s\n", s.clear(), violationLine(v))
	}
	return len(all)
}

// progressLine is plain ASCII, so that it may be cut at any byte.
func progressLine(now, last harness.Snapshot, since time.Duration) string {
	total := func(s harness.Snapshot) int64 { return s.OK + s.Fail + s.Unknown }
	line := fmt.Sprintf("%-8s %5.0f ops/s  %d ok  %d fail  %d unknown", now.Phase,
		float64(total(now)-total(last))/since.Seconds(), now.OK, now.Fail, now.Unknown)
	if now.Left > 0 {
		line += fmt.Sprintf("  %v left", now.Left)
	}
	if len(now.Active) > 0 {
		line += "  faults: " + strings.Join(now.Active, ", ")
	}
	return line
}

// result shows the result of a run.
func (s screen) result(r results.Result, h *history.History, folder results.Folder) error {
	if s.json {
		return r.Write(s.out)
	}
	width, terminal := terminalWidth(s.out)
	return results.Summary(s.out, r, h, results.SummaryOptions{
		Color: terminal && os.Getenv("NO_COLOR") == "", Width: width, Folder: folder.Path(),
	})
}

// terminalWidth returns the width of the terminal that w writes to, if it is
// one.
func terminalWidth(w io.Writer) (width int, terminal bool) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}
