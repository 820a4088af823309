/**
 * What comes in from outside, so that a simulator can bring its own: time and threads. Randomness
 * is {@link java.util.random.RandomGenerator}.
 */
package io.tailrace.protocol.port;
