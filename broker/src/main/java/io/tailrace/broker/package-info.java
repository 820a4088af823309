/** The broker: wiring, configuration, start and stop. */
package io.tailrace.broker;
