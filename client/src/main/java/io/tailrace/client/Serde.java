package io.tailrace.client;

/**
 * Both directions for one type. {@link Serdes} has the usual ones.
 *
 * @param <T> the type of the objects
 */
public interface Serde<T> extends Serializer<T>, Deserializer<T> {}
