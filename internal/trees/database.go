package trees

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
)

// tagDatabase tags a request to a database or cache, as the drivers'
// integrations of its tracer's language do: dd-trace-go (contrib/database/sql,
// contrib/redis/go-redis.v9, contrib/bradfitz/gomemcache), dd-trace-java
// (DatabaseClientDecorator, jdbc, lettuce), dd-trace-py (recorded psycopg, redis
// and pymemcache) and dd-trace-js (plugins pg, redis, memcached). Languages besides
// are tagged as Python.
func (d *Dresser) tagDatabase(op *operation, resource string, tracer *service, s *stream) {
	system, host := op.system(), op.service.host
	lang := tracer.language
	golang, java, node := lang == "go", lang == "java", lang == "nodejs"
	port := port(system)
	if java {
		d.set("peer.hostname", host)
		d.measure("peer.port", port)
	} else {
		d.set("out.host", host)
		d.setOrMeasure(golang && op.class != sql, "network.destination.port", port)
	}
	if java || node {
		d.set("db.type", dbType(lang, system))
	} else {
		d.set("db.system", system)
	}
	if !golang && !java && !node {
		d.set("server.address", host)
	}
	switch {
	case op.class == sql:
		name := "db.name"
		if java {
			name = "db.instance"
			d.set("db.operation", firstWord(resource))
			d.set("db.pool.name", "HikariPool-1")
		}
		schema := op.schema(tracer)
		d.set(name, schema)
		d.set("db.user", schema)
		switch {
		case golang:
			d.set("sql.query_type", map[bool]string{true: "Query", false: "Exec"}[firstWord(resource) == "SELECT"])
		case !java && !node:
			d.measure("db.row_count", float64(s.below(64)))
		}
	case system == "redis":
		raw := raw(resource, tracer, s)
		switch {
		case java:
			d.measure("db.redis.dbIndex", 0)
		case node:
			d.set("db.name", "0")
			d.set("redis.raw_command", raw)
		default:
			d.set("redis.raw_command", raw)
			d.setOrMeasure(golang, "redis.args_length", float64(1+strings.Count(raw, " ")))
		}
	case system == "memcached" && node:
		d.set("memcached.command", raw(resource, tracer, s))
	case system == "memcached" && !golang && !java:
		d.set("memcached.query", raw(resource, tracer, s))
	case op.class == store && lang == "python":
		d.measure("db.row_count", float64(s.below(64)))
	}
}

// schema is the name of a database: what the service of orders-postgres holds, else
// the application that asks it.
func (op *operation) schema(tracer *service) string {
	if i := strings.LastIndexByte(op.service.name, '-'); i > 0 {
		return strings.ReplaceAll(op.service.name[:i], "-", "_")
	}
	return tracer.app
}

// dbType is the value of db.type.
func dbType(lang, system string) string {
	switch {
	case system == "postgresql" && lang == "nodejs":
		return "postgres"
	case system == "mongodb" && lang == "java":
		return "mongo"
	}
	return system
}

// raw is a command with a key, of a command that a resource has alone.
func raw(resource string, asked *service, s *stream) string {
	if strings.Contains(resource, " ") {
		return resource
	}
	head, _, _ := strings.Cut(asked.name, "-")
	return fmt.Sprintf("%s %s:%d", resource, head, 10_000+s.below(90_000))
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// setOrMeasure writes a number as a tag or as a metric: tracers differ in it.
func (d *Dresser) setOrMeasure(tag bool, key string, value float64) {
	if tag {
		d.set(key, strconv.FormatFloat(value, 'f', -1, 64))
		return
	}
	d.measure(key, value)
}

// system is the value of db.system.
func (op *operation) system() string {
	for _, name := range []string{op.typ, op.name} {
		for _, known := range []string{"mysql", "redis", "memcached", "mongodb", "cassandra", "elasticsearch", "dynamodb"} {
			if strings.Contains(name, known) {
				return known
			}
		}
	}
	switch op.class {
	case cache:
		return "redis"
	case store:
		return "mongodb"
	}
	return "postgresql"
}

// port is where the database's clients connect to.
func port(system string) float64 {
	switch system {
	case "mysql":
		return 3306
	case "redis":
		return 6379
	case "memcached":
		return 11211
	case "mongodb":
		return 27017
	case "cassandra":
		return 9042
	case "elasticsearch":
		return 9200
	case "dynamodb":
		return 443
	}
	return 5432
}

// driver is the component of a request to a database.
func (op *operation) driver(lang string) string {
	if op.class != sql {
		return dialect.Driver(lang, op.system())
	}
	if op.system() == "mysql" {
		return dialect.Pick(lang, "database/sql", "java-jdbc-prepared_statement", "pymysql", "mysql2", "mysql2", "MySql", "PDO")
	}
	return dialect.Pick(lang, "database/sql", "java-jdbc-prepared_statement", "psycopg", "pg", "pg", "Npgsql", "PDO")
}
