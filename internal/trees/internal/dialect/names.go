package dialect

import "strings"

// Name is what the tracer of a language calls spans that Go's calls name, with
// its usual framework or driver; asking says that the span is of who asks.
func Name(lang, name string, asking bool) string {
	switch name {
	case "http.request":
		if asking {
			return Pick(lang, name, "okhttp.request", "requests.request", name, name, name, "curl_exec")
		}
		return Pick(lang, name, "servlet.request", "fastapi.request", "express.request", "rack.request", "aspnet_core.request", "laravel.request")
	case "grpc.server":
		return Pick(lang, name, name, "grpc", name, "grpc.service", "grpc.request", name)
	case "redis.command":
		return Pick(lang, name, "redis.query", name, name, name, name, name)
	case "memcached.query":
		return Pick(lang, name, name, "memcached.cmd", "memcached.command", "memcached.command", name, "memcached.command")
	case "postgres.query":
		return Pick(lang, name, "postgresql.query", name, "pg.query", name, name, "PDO.query")
	case "mongodb.query":
		return Pick(lang, name, "mongo.query", "pymongo.cmd", name, "mongo.cmd", name, "mongodb.cmd")
	case "dynamodb.command":
		return Pick(lang, "DynamoDB.request", "aws.http", name, "aws.request", "aws.command", "aws.dynamodb.request", name)
	}
	return name
}

// Speaker is the language whose tracer alone calls a span that, or nothing.
func Speaker(name string) string {
	if name == "grpc" {
		return "python"
	}
	switch head, _, _ := strings.Cut(name, "."); head {
	case "servlet", "spring", "netty", "okhttp", "vertx", "jakarta-rs", "quartz":
		return "java"
	case "flask", "django", "fastapi", "starlette", "wsgi", "asgi", "celery", "requests", "aiohttp":
		return "python"
	case "express", "fastify", "koa", "next", "nest":
		return "nodejs"
	case "rack", "rails", "sidekiq", "active_job":
		return "ruby"
	case "aspnet_core", "aspnet":
		return "dotnet"
	case "laravel", "symfony":
		return "php"
	}
	return ""
}

// Server is the component of the spans of a web server, by the name of a span
// where it says so, else the usual one of the language.
func Server(lang, name string) string {
	head, _, _ := strings.Cut(name, ".")
	switch {
	case head == "servlet":
		return "tomcat-server"
	case head == "spring":
		return "spring-web-controller"
	case Speaker(name) != "":
		return head
	}
	return Pick(lang, "net/http", "tomcat-server", "fastapi", "express", "rack", "aspnet_core", "laravel")
}

// Driver is the component of the spans of a driver of a store that does not speak SQL.
func Driver(lang, system string) string {
	switch system {
	case "redis":
		return Pick(lang, "redis/go-redis.v9", "redis-client", "redis", "ioredis", "redis", "StackExchangeRedis", "phpredis")
	case "memcached":
		return Pick(lang, "bradfitz/gomemcache/memcache", "java-spymemcached", "pymemcache", "memcached", "dalli", "EnyimMemcachedCore", "memcached")
	case "mongodb":
		return Pick(lang, "go.mongodb.org/mongo-driver", "java-mongo", "pymongo", "mongodb", "mongodb", "MongoDb", "mongodb")
	case "elasticsearch":
		return Pick(lang, "elastic/go-elasticsearch.v6", "elasticsearch-java", "elasticsearch", "elasticsearch", "elasticsearch", "ElasticsearchNet", "elasticsearch")
	case "cassandra":
		return Pick(lang, "gocql/gocql", "java-cassandra", "cassandra", "cassandra-driver", "cassandra", "cassandra", "cassandra")
	case "dynamodb":
		return Pick(lang, "aws/aws-sdk-go-v2/aws", "java-aws-sdk", "botocore", "aws-sdk", "aws", "AwsDynamoDb", "aws-sdk-php")
	}
	return system
}

// Agent is the user agent of requests between services, by the language of who asks.
func Agent(lang string) string {
	return Pick(lang, "Go-http-client/1.1", "okhttp/4.12.0", "python-requests/2.32.3", "axios/1.7.9", "Faraday v2.12.2", "", "GuzzleHttp/7")
}

// Everywhere says that tracers of the language write language and process on each
// span; others do so on the first of each process.
func Everywhere(lang string) bool {
	return Pick(lang, "all", "", "", "all", "", "", "") != ""
}
