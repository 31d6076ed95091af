package vault

import "log/slog"

const redacted = "[redacted]"

// Secret is a personal value in the clear. Printing, logging or marshalling it shows only “[redacted]”; Reveal is the
// one way to the words.
type Secret struct{ value string }

// NewSecret wraps a personal value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value in the clear. Who calls it answers for where it goes.
func (s Secret) Reveal() string { return s.value }

// Empty tells whether there is no value.
func (s Secret) Empty() bool { return s.value == "" }

func (s Secret) String() string               { return redacted }
func (s Secret) GoString() string             { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
