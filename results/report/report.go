// Package report writes the result of a run as one HTML page that needs nothing
// but a browser: no network, no other file.
//
// Nothing that a system under test returned can do anything in the page. Every
// text goes through html/template and is cut; a content security policy in the
// page allows the one script and the one style sheet that belong to it, by
// their hashes, and nothing else. The page's size does not grow with the
// history: plots are aggregated, and the timeline shows a window.
package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/results"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style string

//go:embed script.js
var script string

var page = template.Must(template.New("page").Parse(pageText))

// Write writes the page. The history is that of the result, or nil if there is
// none. Equal arguments give equal bytes.
func Write(w io.Writer, r results.Result, h *history.History) error {
	if h == nil {
		h = new(history.History)
	}
	view := newView(r, h)
	view.Style, view.Script = template.CSS(style), template.JS(script)
	view.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		sourceHash(style), sourceHash(script))
	if err := page.Execute(w, view); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// sourceHash names a script or style sheet in a content security policy.
func sourceHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
