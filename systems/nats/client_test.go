package nats

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/workloads/queue"
)

// long bounds what is expected to be answered.
const long = 20 * time.Second

func do(t *testing.T, c *client, f, key string, value any) harness.Completion {
	t.Helper()
	return doWithin(t, c, long, f, key, value)
}

func doWithin(t *testing.T, c *client, limit time.Duration, f, key string, value any) harness.Completion {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return c.Invoke(ctx, harness.Invocation{F: f, Key: key, Value: value})
}

func ok(value any) harness.Completion {
	return harness.Completion{Outcome: history.OK, Value: value}
}

// What a publish is answered with, and what is made of it: with a message ID it
// may have been delivered twice, and without one it was not.
func TestPublishOutcomes(t *testing.T) {
	refusal := func(number int) string {
		return fmt.Sprintf(`{"error":{"code":400,"err_code":%d,"description":"no"},"stream":"x","seq":0}`, number)
	}
	for name, c := range map[string]struct {
		answers   []answer
		send      history.Outcome
		write     history.Outcome
		errorCode string
	}{
		"stored":              {said(`{"stream":"x","seq":7}`), history.OK, history.OK, ""},
		"stored before":       {said(`{"stream":"x","seq":7,"duplicate":true}`), history.OK, history.OK, ""},
		"nobody":              {status503(), history.Unknown, history.Fail, "no-responders"},
		"wrong last sequence": {said(refusal(10071)), history.Unknown, history.Fail, "mismatch"},
		"the same, elsewhere": {said(refusal(10164)), history.Unknown, history.Fail, "mismatch"},
		"too large":           {said(refusal(10054)), history.Unknown, history.Fail, "error"},
		"in process":          {said(refusal(10158)), history.Unknown, history.Unknown, "error"},
		"not stored":          {said(refusal(10077)), history.Unknown, history.Unknown, "error"},
		"no sequence":         {said(`{"stream":"x"}`), history.Unknown, history.Unknown, "bad-reply"},
		"rubbish":             {said(`+OK`), history.Unknown, history.Unknown, "bad-reply"},
		"closed":              {[]answer{{close: true}}, history.Unknown, history.Unknown, "no-reply"},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{}
			_, client := startFake(t, func(subject, head, _ string) []answer {
				header[subject] = head
				return c.answers
			})
			for _, op := range []struct {
				f    string
				want history.Outcome
			}{{"send", c.send}, {"enqueue", c.send}, {"add", c.send}, {"write", c.write}} {
				done := do(t, client, op.f, "k1", int64(42))
				require.Equal(t, op.want, done.Outcome, "%s: %s", op.f, done.Error)
				require.True(t, strings.HasPrefix(done.Error, c.errorCode), done.Error)
			}
			require.Contains(t, header["stream.k1"], "Nats-Msg-Id: stream.k1:42\r\n")
			require.NotContains(t, header["$KV.registers.k1"], "Nats-Msg-Id")
		})
	}
}

func TestPublishThatIsNotAnswered(t *testing.T) {
	_, c := startFake(t, func(string, string, string) []answer { return nil })
	done := doWithin(t, c, 200*time.Millisecond, "send", "p0", int64(1))
	require.Equal(t, history.Unknown, done.Outcome)
	require.Contains(t, done.Error, "timeout: ")
}

// A server that is not there was sent nothing; one that comes back is found.
func TestConnection(t *testing.T) {
	f, c := startFake(t, func(string, string, string) []answer { return said(`{"stream":"x","seq":7}`) })
	require.Equal(t, ok(int64(7)), do(t, c, "send", "p0", int64(1)))
	f.stop()
	require.Eventually(t, func() bool { return !c.conn.IsConnected() }, long, time.Millisecond)
	done := do(t, c, "send", "p0", int64(2))
	require.Equal(t, history.Fail, done.Outcome)
	require.Contains(t, done.Error, "not-sent: ")
	require.True(t, done.Backoff)
	_, other := startFake(t, func(string, string, string) []answer { return said(`{"stream":"x","seq":8}`) })
	c.addr = other.addr
	require.Equal(t, ok(int64(8)), do(t, c, "send", "p0", int64(3)))
}

func TestWhatIsNotSent(t *testing.T) {
	f, c := startFake(t, func(string, string, string) []answer { return nil })
	for _, op := range []harness.Invocation{
		{F: "send", Key: "p0", Value: "text"}, {F: "poll", Key: "p0"}, {F: "cas", Key: "r0", Value: int64(1)}, {F: "fly"},
	} {
		done := c.Invoke(t.Context(), op)
		require.Equal(t, history.Fail, done.Outcome)
		require.Contains(t, done.Error, "not-sent: ")
	}
	require.Equal(t, ok(nil), do(t, c, "assign", "p0", int64(0)))
	require.Empty(t, f.subjects())
}

// fakeQueue gives elements to whoever asks, and keeps those that are not
// acknowledged.
func fakeQueue(elements []string, acknowledged func() []answer) func(string, string, string) []answer {
	at := 0
	return func(subject, _, _ string) []answer {
		switch {
		case strings.HasPrefix(subject, "$JS.API.CONSUMER.MSG.NEXT.queue_q0.takers"):
			if at == len(elements) {
				return []answer{{header: "NATS/1.0 404 No Messages\r\n\r\n"}}
			}
			return []answer{{reply: "$JS.ACK.queue_q0", body: elements[at]}}
		case strings.HasPrefix(subject, "$JS.ACK."):
			at++
			return acknowledged()
		case subject == "$JS.API.STREAM.INFO.queue_q0":
			return said(fmt.Sprintf(`{"state":{"messages":%d}}`, len(elements)-at))
		}
		return status503()
	}
}

func TestDequeue(t *testing.T) {
	confirmed := func() []answer { return said("") }
	_, c := startFake(t, fakeQueue([]string{"5", "6", "7"}, confirmed))
	require.Equal(t, ok(int64(5)), do(t, c, "dequeue", "q0", nil))
	require.Equal(t, ok([]any{int64(6), int64(7)}), do(t, c, "drain", "q0", nil))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "empty"}, do(t, c, "dequeue", "q0", nil))
	require.Equal(t, ok([]any{}), do(t, c, "drain", "q0", nil))
}

func TestAcknowledgementThatIsNotConfirmed(t *testing.T) {
	lost := func() []answer { return []answer{{close: true}} }
	_, c := startFake(t, fakeQueue([]string{"5"}, lost))
	require.Equal(t, ok(int64(5)), do(t, c, "dequeue", "q0", nil), "it came out, and may again")
	_, c = startFake(t, fakeQueue([]string{"5"}, lost))
	c.settings.delivery = queue.ExactlyOnce
	done := do(t, c, "dequeue", "q0", nil)
	require.Equal(t, history.Unknown, done.Outcome)
	_, c = startFake(t, fakeQueue([]string{"5"}, status503))
	c.settings.delivery = queue.ExactlyOnce
	require.Equal(t, history.Fail, do(t, c, "dequeue", "q0", nil).Outcome, "nobody learnt of it")
	_, c = startFake(t, fakeQueue([]string{"5"}, lost))
	c.settings.delivery = queue.ExactlyOnce
	require.Equal(t, history.Unknown, do(t, c, "drain", "q0", nil).Outcome)
}

// A queue is not drained while the stream has something, though nothing can be
// had; it is if there is no such stream any more.
func TestDrainOfWhatIsOutOrGone(t *testing.T) {
	info := `{"state":{"messages":1}}`
	_, c := startFake(t, func(subject, _, _ string) []answer {
		if subject == "$JS.API.STREAM.INFO.queue_q0" {
			return said(info)
		}
		return status503()
	})
	done := doWithin(t, c, 300*time.Millisecond, "drain", "q0", nil)
	require.Equal(t, history.Fail, done.Outcome, "nothing was taken")
	info = `{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`
	require.Equal(t, ok([]any{}), do(t, c, "drain", "q0", nil))
	info = `{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`
	require.Equal(t, history.Fail, doWithin(t, c, 300*time.Millisecond, "drain", "q0", nil).Outcome)
}

// fakeLog answers publishes and direct gets from a stream.
func fakeLog(s *fakeStream) func(string, string, string) []answer {
	return func(subject, _, body string) []answer {
		if !strings.HasPrefix(subject, "$JS.API.DIRECT.GET.") {
			return s.store(subject, body)
		}
		var ask next
		if json.Unmarshal([]byte(body), &ask) != nil {
			return status503()
		}
		return s.next(int(ask.Sequence), ask.Subject)
	}
}

func TestPoll(t *testing.T) {
	s := &fakeStream{}
	_, c := startFake(t, fakeLog(s))
	require.Equal(t, ok([]any{}), do(t, c, "poll", "p0", int64(0)))
	var want []any
	for i := range int64(150) {
		s.store("stream.p1", "0") // a gap
		s.store("stream.p0", fmt.Sprint(i))
		want = append(want, []any{2*i + 2, i})
	}
	require.Equal(t, ok(want), do(t, c, "poll", "p0", int64(0)))
	require.Equal(t, ok(want[3:]), do(t, c, "poll", "p0", int64(7)))
	require.Equal(t, ok([]any{}), do(t, c, "poll", "p0", int64(301)))
	s.store("stream.p0", "rubbish")
	require.Equal(t, history.Fail, do(t, c, "poll", "p0", int64(301)).Outcome)
	_, c = startFake(t, func(string, string, string) []answer { return status503() })
	require.Contains(t, do(t, c, "poll", "p0", int64(0)).Error, "no-responders")
}

// Messages that come in a batch tell which was before them.
func TestPollInBatches(t *testing.T) {
	entry := func(sequence, before int) answer {
		return answer{header: fmt.Sprintf("NATS/1.0\r\nNats-Sequence: %d\r\nNats-Last-Sequence: %d\r\n\r\n", sequence, before), body: "4"}
	}
	end := func(before int) answer {
		return answer{header: fmt.Sprintf("NATS/1.0 204 EOB\r\nNats-Last-Sequence: %d\r\n\r\n", before)}
	}
	for name, c := range map[string]struct {
		answers []answer
		want    harness.Completion
	}{
		"all":     {[]answer{entry(2, 0), entry(5, 2), end(5)}, ok([]any{[]any{int64(2), int64(4)}, []any{int64(5), int64(4)}})},
		"none":    {[]answer{{header: "NATS/1.0 404 Message Not Found\r\n\r\n"}}, ok([]any{})},
		"missing": {[]answer{entry(2, 0), entry(6, 5), end(6)}, harness.Completion{Outcome: history.Fail, Backoff: true, Error: `bad-reply: behind message 2 came one that follows "5"`}},
		"no last": {[]answer{entry(2, 0), end(3)}, harness.Completion{Outcome: history.Fail, Backoff: true, Error: `bad-reply: behind message 2 came one that follows "3"`}},
		"nobody":  {status503(), harness.Completion{Outcome: history.Fail, Backoff: true, Error: "no-responders: nobody serves the subject now"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := startFake(t, func(string, string, string) []answer { return c.answers })
			client.settings.batches = true
			require.Equal(t, c.want, do(t, client, "poll", "p0", int64(0)))
		})
	}
}

// A read of a set shows what had been added by the mark that it put in, and waits
// for a replica that lags.
func TestReadSet(t *testing.T) {
	s := &fakeStream{}
	lags := 3
	log := fakeLog(s)
	_, c := startFake(t, func(subject, header, body string) []answer {
		if strings.Contains(body, `"seq":3,`) && lags > 0 {
			lags--
			return []answer{{header: "NATS/1.0 404 Message Not Found\r\n\r\n"}}
		}
		return log(subject, header, body)
	})
	c.sets = true
	require.Equal(t, ok([]any{}), do(t, c, "read", "s0", nil))
	require.Equal(t, ok(nil), do(t, c, "add", "s0", int64(8)))
	require.Equal(t, ok(nil), do(t, c, "add", "s0", int64(9)))
	require.Equal(t, ok([]any{int64(8), int64(9)}), do(t, c, "read", "s0", nil))
	require.Zero(t, lags)
	require.Equal(t, ok([]any{}), do(t, c, "read", "s1", nil))

	gone := `{"error":{"code":404,"err_code":10059,"description":"stream not found"}}`
	_, c = startFake(t, func(subject, _, _ string) []answer {
		if subject == "$JS.API.STREAM.INFO.sets" {
			return said(gone)
		}
		return status503()
	})
	c.sets = true
	require.Equal(t, ok([]any{}), do(t, c, "read", "s0", nil), "the leader of the cluster says so")
	gone = `{"state":{"messages":3}}`
	require.Equal(t, history.Fail, do(t, c, "read", "s0", nil).Outcome)
}

func TestRegister(t *testing.T) {
	now, expected := `{"error":{"code":404,"err_code":10037,"description":"no message found"}}`, ""
	_, c := startFake(t, func(subject, header, _ string) []answer {
		if subject == "$JS.API.STREAM.MSG.GET.KV_registers" {
			return said(now)
		}
		expected = header
		return said(`{"stream":"KV_registers","seq":12}`)
	})
	require.Equal(t, ok(nil), do(t, c, "read", "r0", nil))
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	require.Equal(t, mismatch, do(t, c, "cas", "r0", []any{int64(1), int64(2)}))
	now = `{"message":{"seq":11,"data":"NDI="}}`
	require.Equal(t, ok(int64(42)), do(t, c, "read", "r0", nil))
	mismatch.Value = int64(42)
	require.Equal(t, mismatch, do(t, c, "cas", "r0", []any{int64(1), int64(2)}))
	require.Empty(t, expected)
	require.Equal(t, ok(nil), do(t, c, "cas", "r0", []any{int64(42), int64(2)}))
	require.Contains(t, expected, "Nats-Expected-Last-Subject-Sequence: 11")
	for _, bad := range []string{`{}`, `rubbish`, `{"message":{"seq":11,"data":"eA=="}}`} {
		now = bad
		require.Equal(t, history.Fail, do(t, c, "read", "r0", nil).Outcome, bad)
		require.Equal(t, history.Fail, do(t, c, "cas", "r0", []any{int64(42), int64(2)}).Outcome, bad)
	}
}
