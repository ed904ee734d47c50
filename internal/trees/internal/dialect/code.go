package dialect

// Code is a status of gRPC.
type Code int

// The statuses that spans have here.
const (
	OK               Code = 0
	Unknown          Code = 2
	DeadlineExceeded Code = 4
	Unavailable      Code = 14
)

// String is the status as Go writes it.
func (c Code) String() string {
	switch c {
	case OK:
		return "OK"
	case DeadlineExceeded:
		return "DeadlineExceeded"
	case Unavailable:
		return "Unavailable"
	}
	return "Unknown"
}

// Upper is the status as the protocol's documentation writes it.
func (c Code) Upper() string {
	switch c {
	case OK:
		return "OK"
	case DeadlineExceeded:
		return "DEADLINE_EXCEEDED"
	case Unavailable:
		return "UNAVAILABLE"
	}
	return "UNKNOWN"
}
