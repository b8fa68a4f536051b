# The style of TensorFlow's tutorials.
import numpy as np
import tensorflow as tf

class_names = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

tf.random.set_seed(7)
fashion_mnist = tf.keras.datasets.fashion_mnist
(train_images, train_labels), (test_images, test_labels) = fashion_mnist.load_data()
train_images = train_images / 255.0
test_images = test_images / 255.0

model = tf.keras.Sequential()
model.add(tf.keras.layers.Flatten(input_shape=(28, 28)))
model.add(tf.keras.layers.Dense(32, activation="relu"))
model.add(tf.keras.layers.Dropout(0.2))
model.add(tf.keras.layers.Dense(10))

model.compile(
    optimizer="adam",
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)

stop = tf.keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
keep = tf.keras.callbacks.ModelCheckpoint("best_model.keras", monitor="val_accuracy", save_best_only=True)
history = model.fit(
    train_images,
    train_labels,
    epochs=3,
    validation_data=(test_images, test_labels),
    callbacks=[stop, keep],
    verbose=2,
)

loss, accuracy = model.evaluate(test_images, test_labels, verbose=0)
print("Test loss:", loss)
print("Test accuracy:", accuracy)
print("Best epoch:", int(np.argmin(history.history["val_loss"])) + 1)

model.load_weights("best_model.keras")
predictions = model.predict(test_images[:5])
print("First guess:", class_names[np.argmax(predictions[0])])
model.save("fashion.keras")
