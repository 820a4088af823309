/**
 * A cluster in the test's own process that speaks the real protocol and can be made to misbehave.
 */
package io.tailrace.client.fake;
