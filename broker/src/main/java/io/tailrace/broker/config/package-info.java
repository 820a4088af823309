/**
 * Settings: one {@link io.tailrace.broker.config.ConfigKey} per setting, and typed values of all of
 * them. {@code config/broker.properties} and {@code docs/configuration.md} are generated from the
 * keys.
 */
package io.tailrace.broker.config;
