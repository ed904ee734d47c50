package names

import (
	"fmt"
	"strings"
)

// Operation is what operation j of spans of that name does, of a service that is
// about the subject, as tracers write it: as a resource. Operations of small j
// are the plain ones, and up to thousands all are different.
func (s Subject) Operation(span string, j int) string {
	switch span {
	case "http.request":
		return s.route(j)
	case "grpc.server":
		return s.method(j)
	case "redis.command":
		return s.command(list(redisCommands), j)
	case "memcached.query":
		return s.command(list(memcachedCommands), j)
	case "postgres.query", "cassandra.query":
		return s.statement(j)
	case "mongodb.query":
		return s.onPart(list(mongoCommands), j)
	case "elasticsearch.query":
		return s.search(j)
	case "dynamodb.command":
		return s.onPart(list(dynamoCommands), j)
	case "kafka.consume":
		return "Consume Topic " + s.topic(j)
	}
	actions := list(actions)
	return s.One + "." + actions[j%len(actions)] + again(".", j/len(actions))
}

// again numbers what would be the same as before.
func again(before string, round int) string {
	if round == 0 {
		return ""
	}
	return fmt.Sprintf("%s%d", before, round+1)
}

// route is an HTTP route: of the subject, of its parts, and of what can be done
// to it.
func (s Subject) route(j int) string {
	plain := [...]string{
		"GET /api/v%d/%s/{id}", "GET /api/v%d/%s", "POST /api/v%d/%s", "GET /api/v%d/%s/search",
		"GET /api/v%d/%s/by-user/{user_id}", "PUT /api/v%d/%s/{id}", "GET /api/v%d/%s/{id}/related", "POST /api/v%d/%s/batch",
		"PATCH /api/v%d/%s/{id}", "DELETE /api/v%d/%s/{id}",
	}
	aspects, actions := list(aspects), list(actions)
	all := len(plain) + len(aspects) + len(actions)
	version, i := 1+j/all, j%all
	at := s.Many
	if s.Aspect != "" {
		at += "/" + s.Aspect
	}
	if i < len(plain) {
		return fmt.Sprintf(plain[i], version, at)
	}
	if i -= len(plain); i < len(actions) {
		return fmt.Sprintf("POST /api/v%d/%s/{id}/%s", version, at, actions[i])
	}
	return fmt.Sprintf("GET /api/v%d/%s/{id}/%s", version, at, aspects[i-len(actions)])
}

// method is a gRPC method.
func (s Subject) method(j int) string {
	plain := [...]string{"Get", "List", "Create", "BatchGet", "Search", "Update", "Count", "Check", "Delete"}
	aspects, actions := list(aspects), list(actions)
	all := len(plain) + len(actions) + len(aspects)
	version, i := 1+j/all, j%all
	pkg, noun := strings.ReplaceAll(s.One, "-", ""), s.Noun()
	var verb string
	switch {
	case i < len(plain):
		verb = plain[i]
	case i < len(plain)+len(actions):
		verb = camel(actions[i-len(plain)])
	default:
		return fmt.Sprintf("/%s.v%d.%sService/Get%s%s", pkg, version, noun, noun, camel(aspects[i-len(plain)-len(actions)]))
	}
	what := noun
	if verb == "List" || verb == "BatchGet" || verb == "Search" || verb == "Count" {
		what = camel(s.Many)
	}
	return fmt.Sprintf("/%s.v%d.%sService/%s%s", pkg, version, noun, verb, what)
}

// Commands of stores, the usual ones first. Tracers have the command alone as
// resource; after all of them, keys come into it, as older tracers had them.
const (
	redisCommands = `GET SETEX MGET HGETALL DEL EXPIRE SET HGET EXISTS INCR HSET ZADD
		ZRANGE SADD SMEMBERS ZREVRANGE LPUSH RPOP TTL HMGET SISMEMBER HINCRBY LRANGE EVALSHA`
	memcachedCommands = "get get_multi set gets add delete touch incr cas replace append decr"
	mongoCommands     = "find aggregate update insert findAndModify count delete distinct"
	dynamoCommands    = "GetItem Query PutItem UpdateItem BatchGetItem DeleteItem BatchWriteItem TransactWriteItems"
)

func (s Subject) command(of []string, j int) string {
	if j < len(of) {
		return of[j]
	}
	return fmt.Sprintf("%s %s%s:?", of[j%len(of)], s.table(), again(":v", j/len(of)-1))
}

// onPart is a command on a part of what is stored.
func (s Subject) onPart(of []string, j int) string {
	return of[j%len(of)] + " " + s.part(j/len(of))
}

// search is a request to a search index.
func (s Subject) search(j int) string {
	kinds := [...]string{"POST /%s/_search", "GET /%s/_doc/?", "PUT /%s/_doc/?", "POST /%s/_bulk", "POST /%s/_update/?", "POST /%s/_count"}
	return fmt.Sprintf(kinds[j%len(kinds)], s.part(j/len(kinds)))
}

// part is the i-th part of what is stored of a subject: a table, collection or index.
func (s Subject) part(i int) string {
	if i == 0 {
		return s.table()
	}
	aspects := list(aspects)
	return s.table() + "_" + aspects[(i-1)%len(aspects)] + again("_", (i-1)/len(aspects))
}

// statement is an SQL statement, as it is sent with placeholders.
func (s Subject) statement(j int) string {
	plain := [...]string{
		"SELECT * FROM %s WHERE id = ?", "SELECT id, status, updated_at FROM %s WHERE id IN (?)",
		"INSERT INTO %s (id, status, payload, created_at) VALUES (?, ?, ?, ?)", "UPDATE %s SET status = ?, updated_at = ? WHERE id = ?",
	}
	if j < len(plain) {
		return fmt.Sprintf(plain[j], s.table())
	}
	by := [...]string{
		"SELECT * FROM %[1]s WHERE %[2]s = ? ORDER BY created_at DESC LIMIT ?", "SELECT COUNT(*) FROM %[1]s WHERE %[2]s = ? AND deleted_at IS NULL",
		"INSERT INTO %[1]s (id, %[2]s, payload) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", "UPDATE %[1]s SET updated_at = ? WHERE %[2]s = ?",
		"SELECT id, %[2]s, status FROM %[1]s WHERE %[2]s IN (?)", "DELETE FROM %[1]s WHERE %[2]s = ? AND created_at < ?",
	}
	columns := list(columns)
	j -= len(plain)
	i := j / len(by)
	return fmt.Sprintf(by[j%len(by)], s.part(i/len(columns)), columns[i%len(columns)])
}

// topic is a topic of messages.
func (s Subject) topic(j int) string {
	kinds := [...]string{"created", "updated", "changed", "deleted", "completed", "failed"}
	name := s.One + "." + kinds[j%len(kinds)]
	if s.Aspect != "" {
		name = s.One + "-" + s.Aspect + "." + kinds[j%len(kinds)]
	}
	return name + again(".v", j/len(kinds))
}
