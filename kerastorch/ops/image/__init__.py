"""Image functions (`keras.ops.image`)."""

from kerastorch.ops.image.color import hsv_to_rgb as hsv_to_rgb
from kerastorch.ops.image.color import rgb_to_grayscale as rgb_to_grayscale
from kerastorch.ops.image.color import rgb_to_hsv as rgb_to_hsv
from kerastorch.ops.image.filters import gaussian_blur as gaussian_blur
from kerastorch.ops.image.filters import scale_and_translate as scale_and_translate
from kerastorch.ops.image.filters import sobel_edges as sobel_edges
from kerastorch.ops.image.filters import ssim as ssim
from kerastorch.ops.image.geometry import affine_transform as affine_transform
from kerastorch.ops.image.geometry import elastic_transform as elastic_transform
from kerastorch.ops.image.geometry import map_coordinates as map_coordinates
from kerastorch.ops.image.geometry import perspective_transform as perspective_transform
from kerastorch.ops.image.patches import extract_patches as extract_patches
from kerastorch.ops.image.patches import extract_patches_3d as extract_patches_3d
from kerastorch.ops.image.resize import crop_images as crop_images
from kerastorch.ops.image.resize import pad_images as pad_images
from kerastorch.ops.image.resize import resize as resize
