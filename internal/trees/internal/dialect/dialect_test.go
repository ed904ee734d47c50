package dialect

import (
	"strings"
	"testing"
)

var languages = []string{"go", "java", "python", "nodejs", "ruby", "dotnet", "php"}

// What is made up is called in each language by a name of that language's tracer.
func TestNamesAreOfTheirLanguage(t *testing.T) {
	for _, lang := range languages {
		for _, name := range []string{"http.request", "grpc.server", "redis.command", "memcached.query", "postgres.query", "mongodb.query", "dynamodb.command", "kafka.consume"} {
			for _, asking := range []bool{false, true} {
				got := Name(lang, name, asking)
				if speaker := Speaker(got); got == "" || speaker != "" && speaker != lang || lang == "go" && got != name && name != "dynamodb.command" {
					t.Errorf("%s calls %s %q, which is %s", lang, name, got, speaker)
				}
			}
		}
	}
}

func TestServer(t *testing.T) {
	for _, tt := range [][3]string{
		{"java", "servlet.request", "tomcat-server"}, {"python", "flask.request", "flask"}, {"python", "http.request", "fastapi"},
		{"nodejs", "express.request", "express"}, {"go", "http.request", "net/http"}, {"c++", "http.request", "net/http"},
	} {
		if got := Server(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s in %s is of %s", tt[1], tt[0], got)
		}
	}
}

func TestLanguagesHaveOneName(t *testing.T) {
	for name, want := range map[string]string{"jvm": "java", "js": "nodejs", "javascript": "nodejs", ".NET": "dotnet", "go": "go", "rust": "rust"} {
		if got := Language(name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// A stack is of the program's frames and, of a web server, of its framework's.
func TestStacks(t *testing.T) {
	frames := []Frame{{"orders-api", "Order", "validate", 17}, {"orders-api", "OrderQuery", "refresh", 233}}
	for _, lang := range languages {
		web, plain := StackOf(lang).Write("Broken: it is", frames, true), StackOf(lang).Write("Broken: it is", frames, false)
		for _, text := range []string{web, plain} {
			if strings.Contains(text, "%!") || strings.Contains(text, "ERROR") || !strings.Contains(text, "17") || !strings.Contains(text, "233") {
				t.Errorf("%s writes\n%s", lang, text)
			}
			inner, outer := strings.Index(text, "17"), strings.Index(text, "233")
			if (inner > outer) != (lang == "python") {
				t.Errorf("%s has its frames the other way round:\n%s", lang, text)
			}
		}
		if len(web) <= len(plain) {
			t.Errorf("%s has no framework:\n%s", lang, web)
		}
	}
}

// Who is answered with a failure says so in its own words.
func TestRefused(t *testing.T) {
	for _, lang := range languages {
		web := Request{Class: Web, Method: "POST", Host: "orders.internal", Path: "/orders"}
		if typ, text := web.Refused(lang, 503, "no stock"); typ == "" || !strings.Contains(text, "503") || strings.Contains(text, "no stock") {
			t.Errorf("%s: %s: %s", lang, typ, text)
		}
		rpc := Request{Class: RPC}
		if typ, text := rpc.Refused(lang, 500, "no stock"); typ == "" || !strings.Contains(text, "no stock") {
			t.Errorf("%s: %s: %s", lang, typ, text)
		}
	}
}
