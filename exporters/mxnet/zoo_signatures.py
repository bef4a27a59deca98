"""Networks of GluonCV 0.10.5's zoo by the signature of their parameter names (see guessing.py).

Written by tests/sweep/make_signatures.py.
"""

from __future__ import annotations

SIGNATURES = {
    "1006-8845e47b": "densenet201",
    "1019-1e47c54b": "i3d_resnet101_v1_kinetics400",
    "102-019b5c21": "resnet18_v1b resnet18_v1b_0.89",
    "102-70d5490d": "resnet18_v1",
    "102-8495574d": "vgg19_bn",
    "102-c9b1c1bb": "resnet18_v1b_custom resnet18_v1b_kinetics400 resnet18_v1b_sthsthv2",
    "103-b18a91d0": "cifar_resnet20_v2",
    "1032-1901341b": "r2plus1d_resnet152_kinetics400",
    "1062-477f1d14": (
        "slowfast_16x8_resnet101_50_50_kinetics400 "
        "slowfast_16x8_resnet101_kinetics400 "
        "slowfast_4x16_resnet101_kinetics400 "
        "slowfast_8x8_resnet101_kinetics400"
    ),
    "107-7b6d1b97": "cifar_resnet20_v1",
    "1138-376c5ab0": "nasnet_4_1056",
    "114-b52e0339": "se_resnet18_v2",
    "114-c4f3fd97": "mask_rcnn_resnet18_v1b_coco",
    "117-1d75d153": "simple_pose_resnet18_v1b",
    "117-ada29ef4": "mobile_pose_resnet18_v1b",
    "118-993ddca9": "se_resnet18_v1",
    "118-e44bb04e": (
        "monodepth2_resnet18_posenet_kitti_mono_640x192 monodepth2_resnet18_posenet_kitti_mono_stereo_640x192"
    ),
    "1199-25337b3b": "i3d_nl5_resnet101_v1_kinetics400",
    "129-cab93eb0": "resnest14",
    "1320-5955eda6": "residualattentionnet128",
    "1348-f24f75a1": "nasnet_5_1538",
    "137-7cca86e4": "mobilenet0.25 mobilenet0.5 mobilenet0.75 mobilenet1.0",
    "1379-6d5eedff": "i3d_nl10_resnet101_v1_kinetics400",
    "138-a661f94c": "cifar_wideresnet28_10",
    "140-1bb44d6e": "mask_rcnn_fpn_resnet18_v1b_coco",
    "145-00705226": "center_net_resnet18_v1b_dcnv2_coco center_net_resnet18_v1b_dcnv2_voc",
    "145-dfbad50d": "center_net_resnet18_v1b_coco center_net_resnet18_v1b_voc",
    "152-1c4a1207": "mobile_pose_mobilenet1.0",
    "1533-f614f0f4": "hrnet_w48_s",
    "1555-1c44f5e4": "resnest200",
    "1558-dac9cd8c": "nasnet_6_4032",
    "157-0a6b8157": "cifar_resnext29_16x64d cifar_resnext29_32x4d",
    "158-3f743662": (
        "monodepth2_resnet18_kitti_mono_640x192 "
        "monodepth2_resnet18_kitti_mono_stereo_640x192 "
        "monodepth2_resnet18_kitti_stereo_640x192"
    ),
    "1597-e98388aa": "deeplab_resnest200_ade",
    "16-ca0726dc": "alexnet",
    "161-dc57c17d": "resnet50_v1b_gn",
    "1631-1857e0c0": "hrnet_w18_c hrnet_w30_c hrnet_w32_c hrnet_w40_c hrnet_w44_c hrnet_w48_c hrnet_w64_c",
    "164-c3b57643": "ssd_512_resnet18_v1_coco ssd_512_resnet18_v1_voc",
    "1755-80486799": "residualattentionnet164",
    "1768-c8448197": "nasnet_7_1920",
    "178-3b1ccc64": "resnet34_v2",
    "182-ae850b6c": "resnet34_v1",
    "182-bce6d9bb": "resnet34_v1b",
    "182-cb6f514c": "resnet34_v1b_kinetics400 resnet34_v1b_sthsthv2",
    "187-046a806c": "r2plus1d_resnet18_kinetics400",
    "187-50c2c99f": "dla34",
    "192-c44bcf20": "mask_rcnn_fpn_syncbn_resnet18_v1b_coco",
    "198-8da3f98e": "cifar_wideresnet40_8",
    "199-d039e11e": (
        "ssd_300_mobilenet0.25_coco "
        "ssd_300_mobilenet0.25_custom "
        "ssd_300_mobilenet0.25_voc "
        "ssd_300_mobilenet1.0_lite_coco "
        "ssd_512_mobilenet1.0_coco "
        "ssd_512_mobilenet1.0_custom "
        "ssd_512_mobilenet1.0_voc"
    ),
    "2084-c6129509": "resnest269",
    "209-47f11efe": "mobilenetv3_small",
    "210-1453ab7e": "se_resnet34_v2",
    "2126-740505ac": "deeplab_resnest269_ade",
    "214-96d4b196": "se_resnet34_v1",
    "2159-56555a05": "faster_rcnn_fpn_syncbn_resnest269_coco",
    "2190-41a168f9": "residualattentionnet200",
    "22-6b54137d": "vgg11",
    "22-f15fb939": "c3d_kinetics400",
    "220-af845fc3": "ssd_300_resnet34_v1b_coco ssd_300_resnet34_v1b_custom ssd_300_resnet34_v1b_voc",
    "221-3f873c9f": "resnest26",
    "223-425d0d8a": "mobile_pose_mobilenetv3_small",
    "225-d353491b": "deeplab_v3b_plus_wideresnet_citys",
    "227-19c75275": "mask_rcnn_fpn_syncbn_mobilenet1_0_coco",
    "231-449384e9": "fastscnn_citys",
    "233-05e4e26c": "center_net_mobilenetv3_small_duc_coco center_net_mobilenetv3_small_duc_voc",
    "241-9891c81f": (
        "yolo3_mobilenet0.25_coco "
        "yolo3_mobilenet0.25_custom "
        "yolo3_mobilenet0.25_voc "
        "yolo3_mobilenet1.0_coco "
        "yolo3_mobilenet1.0_custom "
        "yolo3_mobilenet1.0_voc"
    ),
    "259-dfe6957e": "resnet50_v2",
    "26-53d04a15": "vgg13",
    "261-637ad72e": "mobilenetv2_0.25 mobilenetv2_0.5 mobilenetv2_0.75 mobilenetv2_1.0",
    "262-6d266bdd": "darknet53",
    "2625-3836bda7": "residualattentionnet236",
    "265-a5d7c353": "mobilenetv3_large",
    "267-511bfbfb": "resnext50_32x4d",
    "267-a5ef826f": (
        "resnet50_v1b_custom "
        "resnet50_v1b_hmdb51 "
        "resnet50_v1b_kinetics400 "
        "resnet50_v1b_sthsthv2 "
        "resnet50_v1b_ucf101"
    ),
    "267-db19a909": "resnet50_v1b",
    "275-b50ab27a": (
        "faster_rcnn_resnet50_v1b_coco faster_rcnn_resnet50_v1b_custom faster_rcnn_resnet50_v1b_voc"
    ),
    "277-0a0e662c": (
        "resnet50_v1d resnet50_v1d_0.11 resnet50_v1d_0.37 resnet50_v1d_0.48 resnet50_v1d_0.86 resnet50_v1e"
    ),
    "277-207ebafa": "resnet50_v1c resnet50_v1s",
    "277-de7a1505": "mobile_pose_mobilenetv2_1.0",
    "279-4389969b": "mask_rcnn_resnet50_v1b_coco",
    "279-b6616d5b": "mobile_pose_mobilenetv3_large",
    "282-41658417": "mobile_pose_resnet50_v1b",
    "282-4e7d132c": "simple_pose_resnet50_v1b",
    "282-dbc3edc1": "shufflenet_v2",
    "283-ae47404c": "cifar_resnet56_v2",
    "287-49c989e8": "inceptionv1_hmdb51 inceptionv1_kinetics400 inceptionv1_sthsthv2 inceptionv1_ucf101",
    "287-6215123f": "cifar_resnet56_v1",
    "289-184bd13e": "i3d_inceptionv1_kinetics400",
    "289-6505fdbb": "googlenet",
    "289-b453079f": "fcn_resnet50_ade fcn_resnet50_voc",
    "289-ca53413f": "center_net_mobilenetv3_large_duc_coco center_net_mobilenetv3_large_duc_voc",
    "291-466cad41": "doublehead_rcnn_resnet50_v1b_voc",
    "291-e1669f77": "se_resnet50_v2",
    "292-5c87b1e3": "shufflenet_v1",
    "292-b3dc4e53": "simple_pose_resnet50_v1d",
    "297-ef22ede5": "faster_rcnn_fpn_resnet50_v1b_coco",
    "299-7bbd6aeb": "resnet50_v1",
    "301-43cf91ef": "center_net_dla34_coco center_net_dla34_voc",
    "301-55d07219": "center_net_dla34_dcnv2_coco center_net_dla34_dcnv2_voc",
    "309-53c5db31": "danet_resnet50_citys",
    "309-df2ec8c5": "mask_rcnn_fpn_resnet50_v1b_coco",
    "309-f44d83bb": "psp_resnet50_ade",
    "310-b9db217b": "center_net_resnet50_v1b_dcnv2_coco center_net_resnet50_v1b_dcnv2_voc",
    "310-c63ea333": "center_net_resnet50_v1b_coco center_net_resnet50_v1b_voc",
    "314-d1b2004b": "resnet101_v1b_gn",
    "319-c6156bc4": "deeplab_resnet50_ade deeplab_resnet50_citys",
    "32-07f31ed6": "vgg16 vgg16_hmdb51 vgg16_kinetics400 vgg16_sthsthv2 vgg16_ucf101",
    "327-27cb3b5e": "faster_rcnn_fpn_syncbn_resnet50_v1b_coco",
    "331-54514575": "se_resnext50_32x4d",
    "331-7d36e640": "se_resnet50_v1",
    "332-4996846b": "p3d_resnet50_kinetics400",
    "347-89deb166": "r2plus1d_resnet34_kinetics400",
    "348-b520ebb4": "icnet_resnet50_citys icnet_resnet50_mhpv1",
    "352-51b27bf1": "r2plus1d_resnet50_kinetics400",
    "361-72b0a437": "ssd_512_resnet50_v1_coco ssd_512_resnet50_v1_custom ssd_512_resnet50_v1_voc",
    "363-a54245b9": "hrnet_w18_small_v1_s",
    "366-ba7d09ed": "yolo3_darknet53_coco yolo3_darknet53_custom yolo3_darknet53_voc",
    "38-112a26df": "vgg19",
    "405-5bbf151f": "resnest50",
    "4320-d5960b6a": "cifar_residualattentionnet452",
    "447-8ae6fd75": "deeplab_resnest50_ade",
    "450-e1063a1d": "cifar_residualattentionnet56",
    "461-485e14df": "hrnet_w18_small_v1_c",
    "472-3f9a7785": (
        "inceptionv3 inceptionv3_hmdb51 inceptionv3_kinetics400 inceptionv3_sthsthv2 inceptionv3_ucf101"
    ),
    "474-f9086f3b": "i3d_inceptionv3_kinetics400",
    "480-c6b90603": "faster_rcnn_fpn_syncbn_resnest50_coco",
    "509-6328bdd0": (
        "i3d_resnet50_v1_custom "
        "i3d_resnet50_v1_hmdb51 "
        "i3d_resnet50_v1_kinetics400 "
        "i3d_resnet50_v1_sthsthv2 "
        "i3d_resnet50_v1_ucf101"
    ),
    "514-1b7a9d7f": "resnet101_v2",
    "52-0110f97b": "squeezenet1.1",
    "52-3fb6f8ea": "squeezenet1.0",
    "522-1b7252c6": "resnext101_32x4d resnext101_64x4d",
    "522-36a2d264": "resnet101_v1b",
    "522-50d9f910": "resnet101_v1b_kinetics400 resnet101_v1b_sthsthv2",
    "524-41c6a4c9": "i3d_slow_resnet101_f16s4_kinetics700",
    "532-2f04e96f": "resnext101e_64x4d",
    "532-e4ace9ae": "resnet101_v1c resnet101_v1s",
    "532-f9897e2d": "resnet101_v1d resnet101_v1d_0.73 resnet101_v1d_0.76 resnet101_v1e",
    "537-f0ce7e90": "simple_pose_resnet101_v1b",
    "54-341b8fb3": "vgg11_bn",
    "540-0bf3e132": "ssd_512_resnet101_v2_voc",
    "540-c9688ec1": (
        "faster_rcnn_resnet101_v1d_coco faster_rcnn_resnet101_v1d_custom faster_rcnn_resnet101_v1d_voc"
    ),
    "540-d461dfd2": "residualattentionnet56",
    "544-435e5115": "fcn_resnet101_ade fcn_resnet101_coco fcn_resnet101_voc",
    "544-7c936e87": "mask_rcnn_resnet101_v1d_coco",
    "547-9d9bfd79": "simple_pose_resnet101_v1d",
    "5475-5e0ab1ef": "residualattentionnet452",
    "548-b199fdc5": "alpha_pose_resnet101_v1b_coco",
    "552-5cbb646a": (
        "slowfast_4x16_resnet50_custom slowfast_4x16_resnet50_kinetics400 slowfast_8x8_resnet50_kinetics400"
    ),
    "553-c247c077": "cifar_resnet110_v2",
    "557-0e35f643": "cifar_resnet110_v1",
    "562-a535f50c": "faster_rcnn_fpn_resnet101_v1d_coco",
    "564-2651de83": "danet_resnet101_citys",
    "564-d3f57d94": "psp_resnet101_ade psp_resnet101_citys psp_resnet101_coco psp_resnet101_voc",
    "565-142cc07d": "center_net_resnet101_v1b_dcnv2_coco center_net_resnet101_v1b_dcnv2_voc",
    "565-fbd1fd52": "center_net_resnet101_v1b_coco center_net_resnet101_v1b_voc",
    "574-5a5efdd4": "mask_rcnn_fpn_resnet101_v1d_coco",
    "574-be99e21d": (
        "deeplab_resnet101_ade deeplab_resnet101_citys deeplab_resnet101_coco deeplab_resnet101_voc"
    ),
    "580-c56e2e8c": "se_resnet101_v2",
    "588-938fc370": "resnet101_v1",
    "606-a5b9f0c8": "densenet121",
    "607-87e31f62": "faster_rcnn_fpn_syncbn_resnet101_v1d_coco",
    "64-ff800e8d": "siamrpn_alexnet_v2_otb15",
    "654-073e1e27": "se_resnext101_32x4d se_resnext101_64x4d",
    "654-ac670512": "se_resnet101_v1",
    "66-31e48c78": "vgg13_bn",
    "662-66c56161": "xception",
    "664-0664d145": "se_resnext101e_64x4d",
    "672-55847295": "p3d_resnet101_kinetics400",
    "689-b92ecb48": "i3d_nl5_resnet50_v1_kinetics400",
    "692-566bf706": "r2plus1d_resnet101_kinetics400",
    "72-9617425a": "ssd_300_vgg16_atrous_coco ssd_300_vgg16_atrous_custom ssd_300_vgg16_atrous_voc",
    "722-51d9ed21": "xception71",
    "728-62b6088b": "hrnet_w18_small_v2_s",
    "750-98ac69d3": "cifar_residualattentionnet92",
    "769-c35d5378": "resnet152_v2",
    "777-c352f6fb": "resnet152_v1b_kinetics400 resnet152_v1b_sthsthv2",
    "777-ed58e1bb": "resnet152_v1b",
    "78-15d4eaee": "cifar_wideresnet16_10",
    "787-2a48c6ed": "resnet152_v1c resnet152_v1s",
    "787-7ccd61b9": "resnet152_v1d resnet152_v1e",
    "792-6e7b8b56": "simple_pose_resnet152_v1b",
    "796-b7dbabed": "resnest101",
    "799-9b558a63": "ssd_512_resnet152_v2_voc",
    "80-050cf5d8": "ssd_512_vgg16_atrous_coco ssd_512_vgg16_atrous_custom ssd_512_vgg16_atrous_voc",
    "802-476ef951": "simple_pose_resnet152_v1d",
    "806-7e009da5": "densenet161",
    "826-bd137bea": "hrnet_w18_small_v2_c",
    "829-4b3a8817": "deeplab_resnet152_coco deeplab_resnet152_voc",
    "838-76548f8c": "deeplab_resnest101_ade",
    "84-dcb30ac1": "vgg16_bn",
    "846-5e5b06c6": "densenet169",
    "869-511bf247": "se_resnet152_v2",
    "869-6f3cd05d": "i3d_nl10_resnet50_v1_kinetics400",
    "871-1d554fd9": "faster_rcnn_fpn_syncbn_resnest101_coco",
    "877-11bdaff0": "resnet152_v1",
    "885-e95640ff": "residualattentionnet92",
    "977-6518c7f5": "se_resnet152_v1",
    "98-eca1e7c0": "resnet18_v2",
    "987-d9976421": "senet_154e",
    "987-e80b4e12": "senet_154",
}
