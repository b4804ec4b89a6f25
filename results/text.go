package results

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Ellipsis ends a text that was cut.
const Ellipsis = "…"

// Printable returns s fit for a terminal or a page: control characters, escape
// sequences, characters that turn the direction of writing, and broken UTF-8
// are spelled out, and what goes past limit runes is cut. It looks at no more
// of s than it needs.
func Printable(s string, limit int) string {
	c := clipper{limit: limit}
	c.text(s)
	return clip(c.String(), limit)
}

// Value writes a value of a history in a compact form fit for people: lists and
// maps at the top go without brackets. It is as safe as [Printable].
func Value(v any, limit int) string {
	c := clipper{limit: limit}
	switch v := v.(type) {
	case []any:
		c.list(v)
	case map[string]any:
		c.fields(v)
	default:
		c.value(v)
	}
	return clip(c.String(), limit)
}

// clipper builds a text until it is longer than its limit. Every level of a
// nested value takes at least a rune, so that the limit bounds its recursion
// too.
type clipper struct {
	strings.Builder
	limit, written int
}

func (c *clipper) full() bool { return c.written > c.limit }

func (c *clipper) text(s string) {
	for len(s) > 0 && !c.full() {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			c.raw(fmt.Sprintf(`\x%02x`, s[0]))
		case strconv.IsPrint(r):
			c.raw(s[:size])
		default:
			c.raw(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		s = s[size:]
	}
}

// raw adds a short text that is printable already.
func (c *clipper) raw(s string) {
	if c.full() {
		return
	}
	c.written += length(s)
	c.WriteString(s)
}

func (c *clipper) value(v any) {
	switch v := v.(type) {
	case nil:
		c.raw("nil")
	case string:
		c.quoted(v)
	case float64:
		c.raw(strconv.FormatFloat(v, 'g', -1, 64))
	case []any:
		c.raw("[")
		c.list(v)
		c.raw("]")
	case map[string]any:
		c.raw("{")
		c.fields(v)
		c.raw("}")
	default:
		c.raw(fmt.Sprint(v))
	}
}

func (c *clipper) list(items []any) {
	for i, item := range items {
		if c.full() {
			return
		}
		if i > 0 {
			c.raw(" ")
		}
		c.value(item)
	}
}

func (c *clipper) fields(fields map[string]any) {
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if c.full() {
			return
		}
		if i > 0 {
			c.raw(" ")
		}
		c.text(name)
		c.raw("=")
		c.value(fields[name])
	}
}

// quoted writes a string, in quotes unless it is one plain word that cannot be
// taken for anything else.
func (c *clipper) quoted(s string) {
	if plainWord(s) {
		c.text(s)
		return
	}
	c.raw(`"`)
	c.text(s)
	c.raw(`"`)
}

func plainWord(s string) bool {
	if s == "" || s == "nil" || s == "true" || s == "false" || len(s) > 64 {
		return false
	}
	letter := false
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			letter = true
		case r >= '0' && r <= '9' || strings.ContainsRune("_-./:@", r):
		default:
			return false
		}
	}
	return letter
}

// Span writes a duration with two or three figures: "1.2 ms", "30 ms", "12.3 s".
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return figures(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return figures(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return figures(d.Seconds()) + " s"
}

// Number writes a number the way people read it: 20,134.
func Number[N int | int64](n N) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func figures(f float64) string {
	if f < 9.95 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// CommandLine writes arguments as a line that a POSIX shell reads back as the
// same arguments.
func CommandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = shellWord(arg)
	}
	return strings.Join(words, " ")
}

func shellWord(arg string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("_-./:=,@%+", r)
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !safe(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// wrap breaks a text into lines of at most width runes, at spaces where it can,
// and into at most limit lines.
func wrap(text string, width, limit int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for {
			switch {
			case line == "" && length(word) <= width:
				line = word
			case line != "" && length(line)+1+length(word) <= width:
				line += " " + word
			case line == "":
				head := []rune(word)
				lines, word = append(lines, string(head[:width])), string(head[width:])
				continue
			default:
				lines, line = append(lines, line), ""
				continue
			}
			break
		}
		if len(lines) > limit {
			break
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > limit {
		lines = lines[:limit]
		lines[limit-1] = clip(lines[limit-1]+" "+Ellipsis, width)
	}
	return lines
}

// wrapItems puts items one after the other and breaks lines between them, never
// within one that fits a line.
func wrapItems(items []string, width, limit int) []string {
	const dot = " · "
	var lines []string
	for _, item := range items {
		item = clip(item, width)
		last := len(lines) - 1
		if last >= 0 && length(lines[last])+length(dot)+length(item) <= width {
			lines[last] += dot + item
			continue
		}
		lines = append(lines, item)
	}
	if len(lines) > limit {
		lines = lines[:limit]
		lines[limit-1] = clip(lines[limit-1]+dot+Ellipsis, width)
	}
	return lines
}

// clip cuts a printable text to width runes.
func clip(s string, width int) string {
	if length(s) <= width {
		return s
	}
	return string([]rune(s)[:max(width-1, 0)]) + Ellipsis
}

func length(s string) int { return utf8.RuneCountInString(s) }
