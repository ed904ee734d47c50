package fault

func bodyKinds() []Kind { return nil }
