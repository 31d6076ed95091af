// Package deploy proves what docs/deploy holds: the configurations of nginx and HAProxy with the real programs, the units,
// the manual and the settings against the program.
package deploy
