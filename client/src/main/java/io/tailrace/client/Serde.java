package io.tailrace.client;

/**
 * Both directions for one type. {@link Serdes} has the usual ones.
 *
 * @param <T> what is turned into bytes and back
 */
public interface Serde<T> extends Serializer<T>, Deserializer<T> {}
