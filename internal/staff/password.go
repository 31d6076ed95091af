package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost of a password hash: argon2id with 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet).
const (
	hashMemory = 19 * 1024 // KiB
	hashPasses = 2
	hashLanes  = 1
	saltBytes  = 16
	keyBytes   = 32
)

// unknownHash is what a password is compared with when there is no such member, so that the answer takes as long. Its
// salt and key are random bytes: no password is known to match.
const unknownHash = "$argon2id$v=19$m=19456,t=2,p=1$2ZgZeu612IjwhmOdHAJM2A$jdmz2pjIz7O5Qtysq2d0akx9iQQ13no4PdiEVAnfvPU"

// hashing bounds how many hashes are computed at once in this process: each takes 19 MiB and a core for 50 ms.
var hashing = make(chan struct{}, 2)

// passwordMost is how many bytes of a password are looked at; more is a wrong password.
const passwordMost = 1024

var errHash = errors.New("password hash is not one of ours")

// hashPassword returns the PHC string of a password. It waits for a free place, or for ctx.
func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	key, err := stretch(ctx, password, salt, hashPasses, hashMemory, hashLanes, keyBytes)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// checkPassword tells whether the password is the one that was hashed. The work does not depend on the answer.
func checkPassword(ctx context.Context, hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(key) == 0 || passes == 0 || lanes == 0 || memory > 256*1024 || passes > 16 {
		return false, errHash
	}
	got, err := stretch(ctx, password, salt, passes, memory, lanes, uint32(len(key)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, key) == 1 && len(password) <= passwordMost, nil
}

func stretch(ctx context.Context, password string, salt []byte, passes, memory uint32, lanes uint8, size uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	if len(password) > passwordMost {
		password = password[:passwordMost]
	}
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, passes, memory, lanes, size), nil
}

// letters of generated passwords: none that is mistaken for another (0 o, 1 l i).
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// newPassword returns 20 random letters in groups of five: 99 bits.
func newPassword() (string, error) {
	var b strings.Builder
	for i := range 20 {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", fmt.Errorf("make a password: %w", err)
		}
		b.WriteByte(letters[n.Int64()])
	}
	return b.String(), nil
}
