package clients

// dialect is how the tracers of a language introduce themselves. Names and forms
// are those of Datadog's published tracers, and so are the versions: the first
// is that of most clients, the second that of those that are behind. Made up is
// the commit in the tracer version of Java.
type dialect struct {
	name        string // as Datadog-Meta-Lang has it
	versions    [2]string
	interpreter string
	vendor      string
	tracers     [2]string
	agents      [2]string // User-Agent with either version of the language
}

// dialectOf returns the dialect of a language by the names that scenarios have for it.
func dialectOf(language string) dialect {
	switch language {
	case "go":
		return dialect{
			name: "go", versions: [2]string{"1.26.0", "1.25.5"}, interpreter: "gc-amd64-linux",
			tracers: [2]string{"v2.4.1", "v2.4.0"}, agents: same("Go-http-client/1.1"),
		}
	case "java", "jvm":
		return dialect{
			name: "java", versions: [2]string{"21.0.5", "17.0.13"}, interpreter: "OpenJDK 64-Bit Server VM", vendor: "Eclipse Adoptium",
			tracers: [2]string{"1.48.2~c1d6a3f2b4", "1.47.3~8d1bcd5c55"}, agents: same("okhttp/3.12.15"),
		}
	case "python":
		return dialect{
			name: "python", versions: [2]string{"3.13.1", "3.12.8"}, interpreter: "CPython",
			tracers: [2]string{"3.2.1", "3.1.0"}, agents: same("Python-http-client"),
		}
	case "ruby":
		return dialect{
			name: "ruby", versions: [2]string{"3.4.1", "3.3.6"}, interpreter: "ruby-x86_64-linux",
			tracers: [2]string{"2.11.0", "2.10.0"}, agents: same("Ruby"),
		}
	case "nodejs", "node", "javascript", "js":
		return dialect{
			name: "nodejs", versions: [2]string{"v22.13.0", "v20.18.1"}, interpreter: "v8",
			tracers: [2]string{"5.40.0", "5.39.0"}, agents: same("node"),
		}
	case "php":
		return dialect{
			name: "php", versions: [2]string{"8.4.2", "8.3.15"}, interpreter: "fpm-fcgi",
			tracers: [2]string{"1.6.2", "1.5.1"}, agents: [2]string{"libcurl/8.11.1", "libcurl/7.88.1"},
		}
	case "dotnet", ".net", ".NET", "csharp":
		return dialect{
			name: ".NET", versions: [2]string{"9.0.1", "8.0.12"}, interpreter: ".NET",
			tracers: [2]string{"3.10.1.0", "3.9.1.0"}, agents: same("dd-trace-dotnet"),
		}
	case "cpp", "c++":
		return dialect{
			name: "cpp", versions: [2]string{"202002", "201703"},
			tracers: [2]string{"v1.0.0", "v0.2.2"}, agents: [2]string{"libcurl/8.11.1", "libcurl/7.88.1"},
		}
	case "rust":
		return dialect{
			name: "rust", versions: [2]string{"1.84.0", "1.83.0"},
			tracers: [2]string{"0.2.1", "0.2.0"}, agents: same("hyper"),
		}
	}
	return dialect{name: language, versions: same("1.0.0"), tracers: same("1.0.0"), agents: same("tracer/1.0.0")}
}

func same(text string) [2]string { return [2]string{text, text} }

// introduce returns a client of a language, which may be behind in its language
// and in its tracer.
func introduce(language string, languageBehind, tracerBehind bool) Client {
	d := dialectOf(language)
	pick := func(from [2]string, behind bool) string {
		if behind {
			return from[1]
		}
		return from[0]
	}
	return Client{
		Language: d.name, LanguageVersion: pick(d.versions, languageBehind), Interpreter: d.interpreter, Vendor: d.vendor,
		TracerVersion: pick(d.tracers, tracerBehind), UserAgent: pick(d.agents, languageBehind),
	}
}
