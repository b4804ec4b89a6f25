package agent

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"sync"
)

// errLost says that the control connection is no more.
var errLost = errors.New("the connection between the harness and an agent was lost")

// frame is a question or its answer.
type frame struct {
	ID     uint64
	Answer bool
	Body   any
	// Err is why there is no answer.
	Err string
}

// session is one end of a control connection. Both ends may ask at any time,
// from any goroutine.
type session struct {
	answer func(question any) (any, error)

	writing sync.Mutex
	encoder *gob.Encoder

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]chan frame
	over    chan struct{} // closed when the connection is lost
	why     error
}

// newSession speaks over out and listens to in until it ends. Each question is
// answered in a goroutine of its own.
func newSession(in io.Reader, out io.Writer, answer func(any) (any, error)) *session {
	s := &session{
		answer:  answer,
		encoder: gob.NewEncoder(out),
		waiting: map[uint64]chan frame{},
		over:    make(chan struct{}),
	}
	go s.listen(gob.NewDecoder(in))
	return s
}

func (s *session) listen(decoder *gob.Decoder) {
	for {
		var f frame
		if err := decoder.Decode(&f); err != nil {
			s.lose(err)
			return
		}
		if !f.Answer {
			go s.reply(f)
			continue
		}
		s.mu.Lock()
		waiting := s.waiting[f.ID]
		delete(s.waiting, f.ID)
		s.mu.Unlock()
		if waiting != nil {
			waiting <- f
		}
	}
}

func (s *session) reply(question frame) {
	reply := frame{ID: question.ID, Answer: true}
	body, err := s.answer(question.Body)
	if reply.Body = body; err != nil {
		reply.Body, reply.Err = done{}, err.Error()
	}
	_ = s.send(reply) // a connection that is lost tells everybody
}

func (s *session) send(f frame) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.encoder.Encode(f); err != nil {
		s.lose(err)
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

// lose ends the session once.
func (s *session) lose(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.over:
	default:
		s.why = why
		close(s.over)
	}
}

// lost is closed when the connection is no more.
func (s *session) lost() <-chan struct{} { return s.over }

// ask asks and waits for the answer.
func ask[A any](s *session, question any) (answer A, err error) {
	arrived := make(chan frame, 1)
	s.mu.Lock()
	s.last++
	id := s.last
	s.waiting[id] = arrived
	s.mu.Unlock()
	if err := s.send(frame{ID: id, Body: question}); err != nil {
		return answer, err
	}
	select {
	case f := <-arrived:
		if f.Err != "" {
			return answer, errors.New(f.Err)
		}
		answer, ok := f.Body.(A)
		if !ok {
			return answer, fmt.Errorf("a %T was answered with a %T", question, f.Body)
		}
		return answer, nil
	case <-s.over:
		return answer, fmt.Errorf("%w: %w", errLost, s.why)
	}
}
