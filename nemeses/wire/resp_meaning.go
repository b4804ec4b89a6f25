package wire

import (
	"slices"
	"strings"
)

// Repeatable is false: Redis promises to do a command as often as it comes.
func (RESP) Repeatable([]byte) bool { return false }

// reading are the commands that change nothing, of those that clients use on
// data and on their connection.
var reading = []string{
	"AUTH", "CLIENT", "COMMAND", "CONFIG", "DBSIZE", "ECHO", "EVAL_RO", "EXISTS", "GET", "GETRANGE", "HELLO", "HEXISTS",
	"HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HSCAN", "HVALS", "INFO", "KEYS", "LINDEX", "LLEN", "LRANGE",
	"MGET", "MULTI", "PING", "PTTL", "READONLY", "ROLE", "SCAN", "SCARD", "SELECT", "SISMEMBER", "SMEMBERS",
	"SMISMEMBER", "SSCAN", "STRLEN", "TTL", "TYPE", "UNWATCH", "WAIT", "WAITAOF", "WATCH", "XINFO", "XLEN",
	"XPENDING", "XRANGE", "XREAD", "XREVRANGE", "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZRANK", "ZSCORE",
}

// Acknowledged reports whether the reply is not an error and the command one
// that can change something.
func (RESP) Acknowledged(request, reply []byte) bool {
	words, n, err := command(request)
	if err != nil || n == 0 || len(reply) == 0 {
		return false
	}
	if slices.Contains(reading, strings.ToUpper(string(words[0]))) {
		return false
	}
	return reply[0] != '-' && reply[0] != '!'
}

// Cuttable is true: every value says where it ends.
func (RESP) Cuttable(_, _ []byte) bool { return true }
