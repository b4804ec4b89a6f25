package server

import (
	"net/http"
	"strconv"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

func (x *exchange) readRegister(name string) {
	x.query(core.Query{Kind: core.Register, Account: name, Local: x.local()}, func(r core.Reply) {
		x.reply(http.StatusOK, body{}.object().text("key", name).optional("value", r.Result).end())
	})
}

func (x *exchange) writeRegister(name string) {
	var request struct {
		Value *int64 `json:"value"`
	}
	key, valid := x.key(false)
	if !valid || !x.decode(&request) {
		return
	}
	if request.Value == nil {
		x.refuse(http.StatusBadRequest, "bad-request", `body: "value" is missing`)
		return
	}
	x.propose(core.Command{Op: core.Write, Key: key, Account: name, Amount: *request.Value}, x.written)
}

func (x *exchange) compareAndSet(name string) {
	var request struct {
		Old *int64 `json:"old"`
		New *int64 `json:"new"`
	}
	key, valid := x.key(false)
	if !valid || !x.decode(&request) {
		return
	}
	if request.New == nil {
		x.refuse(http.StatusBadRequest, "bad-request", `body: "new" is missing`)
		return
	}
	command := core.Command{Op: core.CompareAndSet, Key: key, Account: name, Amount: *request.New, OldNone: request.Old == nil}
	if request.Old != nil {
		command.Old = *request.Old
	}
	x.propose(command, x.written)
}

func (x *exchange) written(r core.Result) {
	x.reply(http.StatusOK, body{}.object().text("key", r.Account).optional("value", r).end())
}

func (x *exchange) deposit(tenant string) {
	var request struct {
		Account string `json:"account"`
		Amount  int64  `json:"amount"`
	}
	key, valid := x.key(true)
	if !valid || !x.decode(&request) {
		return
	}
	if !validName(request.Account) || request.Amount <= 0 {
		x.refuse(http.StatusBadRequest, "bad-request", "want an account's name and an amount above 0")
		return
	}
	command := core.Command{
		Op: core.Deposit, Tenant: tenant, Key: key, Account: request.Account, Amount: request.Amount,
	}
	x.propose(command, func(r core.Result) {
		x.reply(http.StatusCreated, body{}.object().
			number("id", r.ID).text("account", r.Account).number("amount", r.Amount).number("balance", r.Balance).end())
	})
}

func (x *exchange) transfer(tenant string) {
	var request struct {
		From   string `json:"from"`
		To     string `json:"to"`
		Amount int64  `json:"amount"`
	}
	key, valid := x.key(true)
	if !valid || !x.decode(&request) {
		return
	}
	if !validName(request.From) || !validName(request.To) || request.From == request.To || request.Amount <= 0 {
		x.refuse(http.StatusBadRequest, "bad-request", "want the names of two accounts and an amount above 0")
		return
	}
	command := core.Command{
		Op: core.Transfer, Tenant: tenant, Key: key, Account: request.From, To: request.To, Amount: request.Amount,
	}
	x.propose(command, func(r core.Result) {
		x.reply(http.StatusCreated, body{}.object().
			number("id", r.ID).text("from", r.Account).text("to", r.To).number("amount", r.Amount).number("balance", r.Balance).end())
	})
}

func (x *exchange) balance(tenant, account string) {
	query := core.Query{Kind: core.Balance, Tenant: tenant, Account: account, Local: x.local()}
	x.query(query, func(r core.Reply) {
		x.reply(http.StatusOK, body{}.object().text("account", account).number("balance", r.Result.Balance).end())
	})
}

func (x *exchange) accounts(tenant string) {
	after := x.r.URL.Query().Get("after")
	if after != "" && !validName(after) {
		x.refuse(http.StatusBadRequest, "bad-request", "after: want an account's name")
		return
	}
	query := core.Query{Kind: core.Accounts, Tenant: tenant, After: after, Limit: pageSize, Local: x.local()}
	x.query(query, func(r core.Reply) {
		b := body{}.object().list("accounts")
		for _, a := range r.Page.Accounts {
			b = b.object().text("account", a.Name).number("balance", a.Balance).end()
			after = a.Name
		}
		b = b.endList()
		if r.Page.More {
			b = b.text("next", after)
		}
		x.reply(http.StatusOK, b.end())
	})
}

func (x *exchange) entries(tenant string) {
	var after int64
	if text := x.r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			x.refuse(http.StatusBadRequest, "bad-request", "after: want an entry's number")
			return
		}
	}
	query := core.Query{Kind: core.Entries, Tenant: tenant, AfterID: after, Limit: pageSize, Local: x.local()}
	x.query(query, func(r core.Reply) {
		b := body{}.object().list("entries")
		for _, e := range r.Page.Entries {
			b = b.object().number("id", e.ID).text("operation", e.Op.String()).text("key", e.Key)
			if e.Op == core.Transfer {
				b = b.text("from", e.Account).text("to", e.To)
			} else {
				b = b.text("account", e.Account)
			}
			b = b.number("amount", e.Amount).end()
			after = e.ID
		}
		b = b.endList()
		if r.Page.More {
			b = b.text("next", strconv.FormatInt(after, 10))
		}
		x.reply(http.StatusOK, b.end())
	})
}

func (x *exchange) status() {
	s, err := x.node.status(x.ctx)
	if err != nil {
		x.refuse(http.StatusServiceUnavailable, "unknown", err.Error())
		return
	}
	x.reply(http.StatusOK, body{}.object().
		text("node", x.node.options.ID).text("role", s.Role).text("leader", x.node.roster.name(s.Leader)).
		number("term", int64(s.Term)).number("applied", int64(s.Applied)).number("committed", int64(s.Committed)).
		number("last", int64(s.Last)).number("snapshot", int64(s.Snapshot)).end())
}

// local says whether the request asks for the node's own state.
func (x *exchange) local() bool {
	return x.r.URL.RawQuery != "" && x.r.URL.Query().Get("consistency") == "local"
}
