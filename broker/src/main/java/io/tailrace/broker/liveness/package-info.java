/** Which of the other brokers are alive, as far as this one can tell. */
package io.tailrace.broker.liveness;
