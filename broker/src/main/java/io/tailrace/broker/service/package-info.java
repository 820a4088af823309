/**
 * The services of the broker for its clients, on plain values: apart from any protocol's encoding.
 */
package io.tailrace.broker.service;
