package staff

import "context"

// SignInProven opens a session for a member whom a provider of identities that the office trusts has named (OpenID
// Connect Core 1.0 §3.1.3.7). Where the provider says that it checked a second factor itself, factorDone, none is asked
// for; otherwise otp must be right, as at a sign-in with a password.
//
// Refusals and waits are those of SignIn. A member who has not enrolled a second factor here is refused: the first
// sign-in is with the one-time password.
func (s *Store) SignInProven(ctx context.Context, username, otp string, factorDone bool, address string) (token string, m Member, err error) {
	username = FoldUsername(username)
	key := username + "\n" + network(address)
	failures, err := s.allow(ctx, key)
	if err != nil {
		return "", Member{}, err
	}
	a, err := s.account(ctx, username)
	if err != nil {
		return "", Member{}, err
	}
	a.address, a.proven = address, factorDone
	step, right := int64(0), a.known() && !a.disabled && a.Must != MustEnrol
	if right && !factorDone {
		if step, right, err = s.verifyCode(ctx, a, otp); err != nil {
			return "", Member{}, err
		}
	}
	return s.finish(ctx, a, step, right, key, failures)
}

// verifyCode checks a code alone, and counts guesses at it.
func (s *Store) verifyCode(ctx context.Context, a account, typed string) (step int64, right bool, err error) {
	secret, err := s.openSecret(a.ID, a.sealed)
	if err != nil {
		return 0, false, err
	}
	step, right, err = codeStep(secret, typed, s.codesNow())
	if err != nil {
		return 0, false, err
	}
	guesses, _, err := s.Tries.Count(ctx, "sign-in code", a.ID.String(), codeWindow)
	return step, right && guesses <= codeFailures, err
}
